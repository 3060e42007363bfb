// Writes docs/runtimes.md from the last run of scripts/runtimes.ts; `--check` fails where it is stale.
// Versions and counts move with each machine and commit: only what stands in the tables is compared

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'oxfmt';
import { capabilities } from '../test/runtimes/capability.ts';
import { resultsFile, type KeptResult } from './runtime_results.ts';
import { runtimes } from './runtime_table.ts';
import { readJson, root } from './tools.ts';

process.chdir(root);
const page = 'docs/runtimes.md';
const isCheck = process.argv.includes('--check');
if (!existsSync(resultsFile)) {
  console.error('There is no run to make the page of: npm run runtimes');
  process.exit(1);
}
const results = readJson<Readonly<Record<string, KeptResult>>>(resultsFile);
const present = runtimes.filter(({ id }) => results[id] !== undefined);
if (present.length < runtimes.length && !isCheck) {
  console.error('The last run had not all runtimes: the page is made on a machine that has them');
  process.exit(1);
}
const { code: text } = await format(page, render());
if (!isCheck) {
  writeFileSync(page, text);
} else if (present.length < runtimes.length) {
  console.log('NOT RUN on this machine: the page needs a run in all runtimes');
} else if (!existsSync(page) || structure(readFileSync(page, 'utf8')) !== structure(text)) {
  console.error(`${page} is not what the run says: node scripts/runtimes_page.ts`);
  process.exit(1);
}

function structure(markdown: string): string {
  return markdown.replaceAll(/[\d.,]+/g, '#').replaceAll(/[ -]+/g, ' ');
}

function render(): string {
  const of = (id: string): KeptResult => results[id] ?? { can: [], counts: {}, version: undefined };
  const count = (id: string, what: string): string =>
    of(id).counts[what]?.toLocaleString('en') ?? 'none';
  const contract = runtimes.map(({ id, title, project, browser }) => {
    const places =
      browser === undefined
        ? ''
        : `, Web Worker ${count(id, 'worker')}, Service Worker ${count(id, 'service worker')}`;
    const own = project === undefined ? count(id, 'contract') : `all, in vitest's \`${project}\``;
    return `| ${title} | ${of(id).version ?? 'of the lockfile'} | ${own}${places} | ${count(id, 'opened')} |`;
  });
  const head = runtimes.map(({ title }) => title).join(' | ');
  const rows = capabilities.map(({ name, otherwise }) => {
    const cells = runtimes.map(({ id }) => (of(id).can.includes(name) ? 'yes' : 'no'));
    return `| ${name} | ${cells.join(' | ')} | ${otherwise === '' ? 'never lacking' : otherwise} |`;
  });
  return `# Runtimes

One contract, ${runtimes.length} runtimes. This page is written by \`node scripts/runtimes_page.ts\` from a run of
\`npm run runtimes\`; \`npm test\` runs it again and fails when the tables say something else.

## What passed

The contract is one module of cases without a test framework. Vitest runs it in Node 24, in workerd and in the pages of
the browsers; elsewhere a runner of its own prints TAP, and a plan that is not carried out is a failure. "Made by all"
are tokens with proofs (ES256, RS256, PS256, Ed25519) and sealed payloads (\`dir\`, ECDH-ES+A256KW on P-256 and X25519,
RSA-OAEP-256), made in each of the runtimes and opened in this one.

| runtime | version | contract: cases passed | made by all: cases passed |
|---|---|---|---|
${contract.join('\n')}

Node 24 and WebKitGTK are driven on Linux; where a system has no build of a runtime, \`npm test\` says \`NOT RUN\` and
its name.

## What each can do

A "no" is tried as well: the day it works, the contract fails until the table in \`test/runtimes/capability.ts\` says so.

| | ${head} | where it is lacking |
|---|${runtimes.map(() => '---|').join('')}---|
${rows.join('\n')}

Differences that the library evens out, and that its contract found:

- Deno and WebKitGTK import EC points that are on no curve: the library compares each point with its curve.
- WebKitGTK takes an RSA signature with a zero byte before it: the library takes the one length that the key has.
- Deno unfolds a compressed stream that ends too early: the library compares the checksum of a status list.
- WebKitGTK fails to make one Ed25519 pair in 200: \`generateSigningKey\` tries again.
`;
}

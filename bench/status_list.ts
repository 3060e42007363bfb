// A status list of a million tokens in Node, workerd and Chromium: bytes on the wire, and the time to check one token.

import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { chromium } from 'playwright';
import { browsers, findBrowser } from '../scripts/browser_table.ts';
import { generateSigningKey, makeStatusListToken } from '../src/index.ts';
import { machine } from './support/interleave.ts';
import { makeProbe, type ProbeList } from './support/status_probe.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? { cold: 10, warm: 20_000 } : { cold: 50, warm: 500_000 };
const size = 1_000_000;
const home = 'https://gate.example';
const uri = `${home}/status/0`;
const signer = await generateSigningKey();

/** The statuses of a million tokens, of which a share is revoked, wherever chance has them. */
function someRevoked(share: number): Uint8Array {
  const bytes = new Uint8Array(size / 8);
  for (let left = Math.round(size * share); left > 0;) {
    const idx = Math.floor(Math.random() * size);
    const [byte, bit] = [bytes[idx >> 3] ?? 0, 1 << (idx % 8)];
    if ((byte & bit) !== 0) continue;
    bytes[idx >> 3] = byte | bit;
    left--;
  }
  return bytes;
}

/** Milliseconds of each kind of check, all rounds together. */
interface Times {
  readonly cold: number;
  readonly warm: number;
}

type Runtime = readonly [name: string, measure: (list: ProbeList) => Promise<Times>];

/** The probe as one script, behind a line that runs it. */
async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL('support/', import.meta.url).pathname },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['browser'],
  });
  return outputFiles[0]?.text ?? '';
}

async function inNode(list: ProbeList): Promise<Times> {
  const probe = await makeProbe(list);
  await probe.cold(2);
  const began = performance.now();
  await probe.cold(rounds.cold);
  const between = performance.now();
  await probe.warm(rounds.warm);
  return { cold: between - began, warm: performance.now() - between };
}

/** Timed from outside: while it computes, workerd's own clock stands still. */
async function inWorkerd(list: ProbeList): Promise<Times> {
  const script = await bundle(`
    import { makeProbe } from './status_probe.ts';
    let probe;
    export default {
      async fetch(request) {
        const { kind, rounds, list } = await request.json();
        if (list !== undefined) probe = await makeProbe(list);
        if (kind !== undefined) await probe[kind](rounds);
        return new Response();
      },
    };`);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      compatibilityDate: '2026-10-01',
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      modules: [{ type: 'ESModule', path: 'probe.js', contents: script }],
    }),
  );
  try {
    const url = await miniflare.ready;
    const ask = async (body: object): Promise<number> => {
      const began = performance.now();
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`workerd answered ${answer.status}`);
      return performance.now() - began;
    };
    await ask({ list });
    await ask({ kind: 'cold', rounds: 2 });
    const nothing = await ask({});
    const cold = await ask({ kind: 'cold', rounds: rounds.cold });
    const warm = await ask({ kind: 'warm', rounds: rounds.warm });
    return { cold: cold - nothing, warm: warm - nothing };
  } finally {
    await miniflare.dispose();
  }
}

async function inChromium(list: ProbeList): Promise<Times> {
  const found = browsers.find(({ name }) => name === 'chromium');
  const executablePath = found && findBrowser(found);
  const browser = await chromium.launch(executablePath === undefined ? {} : { executablePath });
  try {
    const page = await browser.newPage();
    // A page of a secure context: localhost counts as one, and nothing is fetched from it
    await page.route('http://localhost/', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
    );
    await page.goto('http://localhost/');
    const given = JSON.stringify({ list, rounds });
    const content = await bundle(`
      import { makeProbe } from './status_probe.ts';
      const { list, rounds } = ${given};
      globalThis.measured = (async () => {
        const probe = await makeProbe(list);
        await probe.cold(2);
        const began = performance.now();
        await probe.cold(rounds.cold);
        const between = performance.now();
        await probe.warm(rounds.warm);
        return { cold: between - began, warm: performance.now() - between };
      })();`);
    await page.addScriptTag({ type: 'module', content });
    return await page.evaluate('globalThis.measured');
  } finally {
    await browser.close();
  }
}

const runtimes: readonly Runtime[] = [
  ['Node', inNode],
  ['workerd', inWorkerd],
  ['Chromium', inChromium],
];

process.stdout.write(`${machine()}; a status list of ${size} tokens, 1 bit each\n`);
const rows: object[] = [];
for (const share of [0, 0.001, 0.01, 0.5]) {
  const statuses = someRevoked(share);
  const token = await makeStatusListToken({ key: signer, issuer: home, uri, bits: 1, statuses });
  const list = { home, uri, token, key: signer.publicJwk, size };
  for (const [runtime, measure] of runtimes) {
    const { cold, warm } = await measure(list);
    rows.push({
      'revoked %': share * 100,
      'token bytes': token.length,
      'gzip bytes': gzipSync(token).length,
      runtime,
      'cold check ms': Number((cold / rounds.cold).toFixed(2)),
      'warm check µs': Number(((warm * 1000) / rounds.warm).toFixed(3)),
    });
  }
}
console.table(rows);

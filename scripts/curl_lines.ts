// The lines that a person pastes after `npm start`: tokens, a message, and its delivery

import { relative } from 'node:path';
import { keyFile } from './dev_keys.ts';
import type { Signer } from './dev_variables.ts';
import { root } from './tools.ts';

/** The text to print; every line works as it stands in bash and zsh, in this folder. */
export function curlLines(url: string, { name, issuer, audience }: Signer): string {
  const key = relative(root, keyFile(name));
  const forAudience = audience === 'swarm-bus' ? '' : ` --audience ${word(audience)}`;
  const token = (agent: string): string =>
    `$(npx swarmgate token issue --key ${key} --issuer ${word(issuer)}${forAudience} \\\n` +
    `  --sub ${agent} --tier fast --scope bus:publish bus:receive)`;
  const envelope = [
    'c = require("crypto"), payload = JSON.stringify({ task: "review" }),',
    'sig = c.createHash("sha256").update(payload).digest("hex"),',
    'console.log(JSON.stringify({ id: c.randomUUID(), from: "planner", to: "coder", type: "REQUEST",',
    'subject: "review-code", payload: JSON.parse(payload), ts: new Date().toISOString(),',
    'nonce: c.randomBytes(8).toString("hex"), sig }))',
  ];
  return [
    'Paste these in another terminal, in this folder:',
    '',
    '# Tokens of 15 minutes for two agents',
    `PLANNER=${token('planner')}`,
    `CODER=${token('coder')}`,
    '',
    '# Who the gateway says it is',
    `curl -sS ${url}/whoami -H "Authorization: Bearer $PLANNER"; echo`,
    '',
    '# planner sends coder a message, and coder receives it',
    `node -e '${envelope.join('\n  ')}' |`,
    `  curl -sS ${url}/bus/messages -H "Authorization: Bearer $PLANNER" --data-binary @-; echo`,
    `curl -sS "${url}/bus/messages?wait=5" -H "Authorization: Bearer $CODER"; echo`,
    '',
    '# Without a token nobody gets in',
    `curl -sS -i ${url}/bus/messages`,
    '',
  ].join('\n');
}

function word(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

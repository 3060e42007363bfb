// The lines that a person pastes after `npm start`: agents enrol, talk, and one is revoked

import { relative } from 'node:path';
import { agentsFolder, keyFile } from './dev_keys.ts';
import { root } from './tools.ts';

const envelope = [
  'c = require("crypto"), payload = JSON.stringify({ task: "review" }),',
  'sig = c.createHash("sha256").update(payload).digest("hex"),',
  'console.log(JSON.stringify({ id: c.randomUUID(), from: "planner", to: "coder", type: "REQUEST",',
  'subject: "review-code", payload: JSON.parse(payload), ts: new Date().toISOString(),',
  'nonce: c.randomBytes(8).toString("hex"), sig }))',
];

/**
 * The text to print; every line works as it stands in bash and zsh, in this folder, and again when
 * it is pasted a second time. Headings are printed, because an interactive zsh knows no comments.
 */
export function curlLines(url: string): string {
  const keys = relative(root, agentsFolder);
  const heading = (text: string): string => `echo; echo '${text}'`;
  const token = (agent: string): string =>
    `$(npx swarmgate token get --id ${agent} --key ${keys}/${agent}.json --bearer)`;
  return [
    'Paste these in another terminal, in this folder:',
    '',
    `export SWARMGATE_URL=${url} SWARMGATE_KEY=${relative(root, keyFile('operator'))}`,
    '',
    heading('The operator makes one-time codes, and two agents enrol, each with a key of its own'),
    'for agent in planner coder; do',
    '  npx swarmgate agents enable $agent 2>/dev/null ||',
    '  npx swarmgate enrollments add $agent --tier fast --scope bus:publish bus:receive |',
    `  npx swarmgate enroll --key ${keys}/$agent.json`,
    'done',
    '',
    heading('They get tokens of 15 minutes, as plain curl can use them: without proofs'),
    `PLANNER=${token('planner')}`,
    `CODER=${token('coder')}`,
    `curl -sS ${url}/whoami -H "Authorization: Bearer $PLANNER"; echo`,
    '',
    heading('planner sends coder a message, and coder receives it'),
    `node -e '${envelope.join('\n  ')}' |`,
    `  curl -sS ${url}/bus/messages -H "Authorization: Bearer $PLANNER" --data-binary @-; echo`,
    `curl -sS "${url}/bus/messages?wait=5" -H "Authorization: Bearer $CODER"; echo`,
    '',
    heading('Revoked, planner is refused within a second'),
    'npx swarmgate revoke agent planner; sleep 1',
    `curl -sS ${url}/whoami -H "Authorization: Bearer $PLANNER"; echo`,
    '',
    heading('Without a token nobody gets in'),
    `curl -sS -i ${url}/bus/messages; echo`,
    '',
  ].join('\n');
}

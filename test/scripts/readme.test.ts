// The README's five minutes, command by command as a reader pastes them

import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAuthorityPlace, type AuthorityPlace } from '../cli/authority.ts';

const root = join(import.meta.dirname, '../..');
const written = 'http://127.0.0.1:8787';

let place: AuthorityPlace;
beforeAll(async () => {
  place = await startAuthorityPlace();
  // A clone, as far as the lines see it
  for (const folder of [
    '.dev/keys',
    '.dev/agents',
    'node_modules/.bin',
    'node_modules/swarmgate',
  ]) {
    mkdirSync(place.path(folder), { recursive: true, mode: 0o700 });
  }
  copyFileSync(place.path('operator.json'), place.path('.dev/keys/operator.json'));
  copyFileSync(join(root, 'package.json'), place.path('node_modules/swarmgate/package.json'));
  symlinkSync(join(root, 'dist'), place.path('node_modules/swarmgate/dist'));
  symlinkSync(join(root, 'dist/cli/main.js'), place.path('node_modules/.bin/swarmgate'));
});
afterAll(() => place.stop());

/** The shell blocks of the section, in their order. */
function fiveMinutes(): string {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const [, section = ''] = /^## Five minutes[^\n]*\n(.*?)^## /ms.exec(text) ?? [];
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code = '']) => code);
  if (blocks.length < 8) throw new Error('The section has lost its blocks');
  return blocks.join('\n').replaceAll(written, place.url);
}

test('every line of the five minutes works, and the revoked reviewer stops', async () => {
  // The background process ends by itself, at its next request: a reader waits for it
  const script = fiveMinutes().replace(/^(?=npx swarmgate agents enable)/m, 'wait\n');
  expect(script).toContain('\nwait\n');
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const { stdout, stderr } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: place.folder,
    env: { ...process.env, PATH: path, SWARMGATE_URL: place.url },
    timeout: 60_000,
  });
  expect(stdout).toMatch(/^reviewer {4}fast {3}enabled {2}/m);
  expect(stdout).toMatch(/^ {2}verdict: 'approved'$/m);
  expect(stdout).toMatch(/^no token any more$/m);
  expect(stdout).toMatch(/^reviewer stops: token_revoked$/m);
  expect(stdout).toMatch(/^\{"agent_id":"researcher",.*"jkt":/m);
  expect(stderr.match(/refused: .*/g)).toEqual([
    'refused: invalid_client: The authority refused the request: the id is not registered, is disabled, or has another key',
  ]);
}, 90_000);

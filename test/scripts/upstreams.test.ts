// docs/upstreams.md, step by step as a reader pastes it: a real MCP server behind the gateway

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findPort } from '../../scripts/port.ts';
import { startAuthorityPlace } from '../cli/authority.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/upstreams.md'), 'utf8');

/** The blocks of the walk-through, in their order. */
function blocks(fence: string): string[] {
  return [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)]
    .filter(([, named]) => named === fence)
    .map(([, , code = '']) => code);
}

test('every step of the walk-through works, and its answers are the printed ones', async () => {
  const port = await findPort(0);
  const [, routes = ''] = /ROUTES='([^']*)' npm start/.exec(blocks('sh gateway')[0] ?? '') ?? [];
  const place = await startAuthorityPlace({ ROUTES: routes.replaceAll('3000', String(port)) });
  for (const folder of ['.dev/keys', '.dev/agents', 'node_modules/.bin']) {
    mkdirSync(place.path(folder), { recursive: true, mode: 0o700 });
  }
  symlinkSync(place.path('operator.json'), place.path('.dev/keys/operator.json'));
  symlinkSync(join(root, 'dist/cli/main.js'), place.path('node_modules/.bin/swarmgate'));
  symlinkSync(
    join(root, 'node_modules/@modelcontextprotocol'),
    place.path('node_modules/@modelcontextprotocol'),
  );
  const [server = '', ...steps] = blocks('sh');
  expect(steps).toHaveLength(2);
  // The server listens a moment after it was started: a reader needs longer for the next step
  const wait = `until (: < /dev/tcp/127.0.0.1/${port}) 2>&-; do sleep 0.1; done`;
  const lines = ["trap 'kill %1' EXIT", server, wait, ...steps].join('\n');
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  try {
    const script = lines.replaceAll('3000', String(port));
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: place.folder,
      env: { ...process.env, PATH: path, SWARMGATE_URL: place.url },
      timeout: 60_000,
    });
    expect(stdout).toContain(blocks('')[0]);
  } finally {
    await place.stop();
  }
}, 90_000);

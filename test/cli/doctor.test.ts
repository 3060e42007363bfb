// `swarmgate doctor` against gateways that are wrong in one way each

import { chmodSync, mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeKey } from '../support/tokens.ts';
import { makePlace, type Place } from './command.ts';

interface Answers {
  readonly health?: number;
  readonly date?: number;
  readonly keys?: object;
  readonly feed?: object | undefined;
}

let place: Place;
let server: Server | undefined;
beforeEach(() => {
  place = makePlace();
  mkdirSync(place.path('gate'), { mode: 0o700 });
});
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
  server = undefined;
  place.remove();
});

const now = (): number => Math.floor(Date.now() / 1000);

async function start({ health = 200, date = 0, keys, feed }: Answers): Promise<string> {
  const { publicJwk } = await makeKey();
  server = createServer((request, response) => {
    response.setHeader('date', new Date(Date.now() + date * 1000).toUTCString());
    response.setHeader('content-type', 'application/json');
    const { url = '' } = request;
    if (url === '/health') response.writeHead(health).end('{"status":"ok"}');
    else if (url.startsWith('/.well-known')) {
      response.end(JSON.stringify(keys ?? { keys: [publicJwk] }));
    } else {
      const page = { issuer: 'x', seq: 4, as_of: now() + date, full: true, records: [] };
      response.end(JSON.stringify(feed ?? page));
    }
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

async function examine(url: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  await place.run(['keys', 'generate', '--out', 'key.json', '--public', 'key.pub.json']);
  const gate = { SWARMGATE_GATE_DIR: place.path('gate'), YAMTAM_AGENT_PUBKEY: '' };
  const { code, out, err } = await place.run(['doctor', '--url', url], {
    env: { SWARMGATE_KEY: 'key.json', ...gate, ...env },
  });
  expect(err).toBe('');
  return `${code}\n${out}`;
}

test('where all is well it says so, and exits with 0', async () => {
  const found = await examine(await start({}));
  expect(found).toMatch(/^0\n/);
  expect(found).not.toMatch(/^wrong/m);
  expect(found).toMatch(/^warning +gate: no key is configured: it blocks everything\n +Set /m);
});

test.each([
  [
    'a clock that is behind',
    { date: 60 },
    /^wrong +clock: \d+\.\d s behind the authority's\n +Set it/m,
  ],
  ['a clock that is ahead', { date: -60 }, /^wrong +clock: \d+\.\d s ahead of the authority's\n/m],
  [
    'a gateway that is not well',
    { health: 503 },
    /^wrong +gateway: .* answers with 503\n +Look at/m,
  ],
  ['a key set without keys', { keys: { keys: [] } }, /^wrong +key set: .*\n +Verifiers/m],
  [
    'a feed that somebody keeps',
    { feed: { issuer: 'x', seq: 1, as_of: 1_700_000_000, full: true, records: [] } },
    /^wrong +revocations: the feed is from \d+ s ago\n/m,
  ],
] as const)('%s is found', async (_, answers, words) => {
  const found = await examine(await start(answers));
  expect(found).toMatch(/^1\n/);
  expect(found).toMatch(words);
});

test('a key that others can read is found, with the command that helps', async () => {
  const url = await start({});
  await place.run(['keys', 'generate', '--out', 'open.json', '--public', 'open.pub.json']);
  chmodSync(place.path('open.json'), 0o644);
  const found = await examine(url, { SWARMGATE_KEY: 'open.json' });
  expect(found).toMatch(/^1\n/);
  expect(found).toMatch(
    /^wrong +key: Other users can read .*\n +Do this first: chmod 600 open\.json$/m,
  );
});

test('a gate folder that others can enter is found', async () => {
  chmodSync(place.path('gate'), 0o755);
  const found = await examine(await start({}));
  expect(found).toMatch(/^1\n/);
  expect(found).toMatch(/^wrong +gate folder: Other users can enter /m);
});

test('a gate whose variables cannot be used is found', async () => {
  const found = await examine(await start({}), { YAMTAM_AGENT_PUBKEY: 'nonsense' });
  expect(found).toMatch(/^1\n/);
  expect(found).toMatch(/^wrong +gate: YAMTAM_AGENT_PUBKEY is not usable: /m);
});

// The token commands with an off-line chain: what is shown of it, and with which code it is refused

import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createIssuer,
  delegateAgentToken,
  generateSigningKey,
  type SigningKey,
} from '../../src/index.ts';
import { makePlace, type Place } from './command.ts';

let place: Place;
let token: string;
let hops: readonly string[];
let keys: readonly SigningKey[];

beforeAll(async () => {
  place = makePlace();
  keys = await Promise.all([0, 1, 2, 3].map(() => generateSigningKey()));
  const [authority, planner, researcher, scraper] = keys;
  if (!authority || !planner || !researcher || !scraper) throw new Error('No keys');
  token = await createIssuer({ key: authority }).issueAgentToken({
    sub: 'planner',
    tier: 'power',
    scope: ['bus:publish'],
    cnf: { jkt: planner.kid },
    dlgMax: 2,
  });
  const first = await delegateAgentToken({
    token,
    key: planner,
    to: 'researcher',
    cnf: { jkt: researcher.kid },
    scope: 'bus:publish:team-*',
  });
  const second = await delegateAgentToken({
    token,
    delegation: first,
    key: researcher,
    to: 'scraper',
    cnf: { jkt: scraper.kid },
    scope: 'bus:publish:team-a',
    tier: 'fast',
    lifetime: 60,
  });
  hops = [first, second];
  writeFileSync(place.path('k.pub.json'), JSON.stringify(authority.publicJwk));
  writeFileSync(place.path('token.txt'), token);
  writeFileSync(place.path('hops.txt'), `${hops.join(', ')}\n`);
  writeFileSync(place.path('swapped.txt'), hops.toReversed().join(','));
});
afterAll(() => place.remove());

const run = (command: string, ...args: readonly string[]) =>
  place.run(['token', command, '--token-file', 'token.txt', ...args]);
const verify = (...args: readonly string[]) =>
  run('verify', '--key', 'k.pub.json', '--accept-unproven', ...args);

test('token inspect shows a chain, hop by hop, and no token of it', async () => {
  const { code, out, err } = await run('inspect', '--delegation-file', 'hops.txt');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = out.split('\n');
  expect(lines).toContain('hop 2');
  expect(lines).toContain('  planner ⇢ researcher ⇢ scraper');
  expect(out).toContain('bus:publish:team-a  (what it may do)');
  for (const hop of hops) expect(out).not.toContain(hop);
});

test('token inspect --json has the hops in order', async () => {
  const { out } = await run('inspect', '--delegation-file', 'hops.txt', '--json');
  expect(JSON.parse(out)).toMatchObject({
    verified: false,
    delegation: [{ claims: { sub: 'researcher' } }, { claims: { sub: 'scraper' } }],
  });
});

test('token verify accepts a chain, and says what it did not check of it', async () => {
  const { code, out } = await verify('--delegation-file', 'hops.txt');
  expect(code).toBe(0);
  expect(out).toMatch(/^agent +planner$/m);
  expect(out).toMatch(/^delegates +researcher ⇢ scraper$/m);
  expect(out).toMatch(/^scopes +bus:publish:team-a$/m);
  expect(out).toMatch(/^not checked .*who its delegates are/m);
});

test('token verify --json names the actors, newest first', async () => {
  const { out } = await verify('--delegation-file', 'hops.txt', '--json');
  expect(JSON.parse(out)).toMatchObject({
    agent_id: 'planner',
    tier: 'fast',
    actors: [
      { agent_id: 'scraper', authenticated: false },
      { agent_id: 'researcher', authenticated: false },
    ],
  });
});

test('token verify refuses a broken chain with its code', async () => {
  const { code, err } = await verify('--delegation-file', 'swapped.txt');
  expect(code).toBe(1);
  expect(err).toContain('delegation_malformed');
  const missing = await verify('--delegation-file', 'nothing.txt');
  expect(missing.code).not.toBe(0);
  expect(missing.err).toContain('--delegation-file');
});

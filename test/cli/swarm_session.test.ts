// The life of an agent by the command alone: code, key, token, proof, revocation, and back again

import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeUnverified } from '../../src/index.ts';
import { startAuthorityPlace, until, type AuthorityPlace } from './authority.ts';

let place: AuthorityPlace;
beforeAll(async () => {
  place = await startAuthorityPlace();
});
afterAll(() => place.stop());

const scope = ['--tier', 'fast', '--scope', 'bus:publish', 'bus:receive'];

async function proven(token: string, key: string): Promise<Record<string, string>> {
  const url = `${place.url}/whoami`;
  const proof = await place.done(['proof', '--method', 'GET', '--url', url, '--key', key], {
    input: token,
  });
  return { authorization: `DPoP ${token}`, dpop: proof };
}

test('an operator enrols an agent, which gets tokens and proves them until it is revoked', async () => {
  const made = await place.run(['enrollments', 'add', 'planner', ...scope, '--dpop', 'required']);
  expect(made.code).toBe(0);
  expect(made.out).toMatch(/^[\w-]{16}\.[\w-]{43}\n$/);
  expect(made.err).toMatch(/^The code for planner expires in 1[45] min( \d+ s)?\n$/);

  const enrolled = await place.run(['enroll', '--key', 'planner.json'], { input: made.out });
  expect(enrolled).toMatchObject({ code: 0, err: 'Private key written to planner.json\n' });
  const { mode } = statSync(place.path('planner.json'));
  expect((mode & 0o777).toString(8)).toBe('600');
  const key = JSON.parse(readFileSync(place.path('planner.json'), 'utf8')) as { kid: string };
  expect(enrolled.out).toBe(
    [
      'agent   planner',
      `key     ${key.kid}`,
      `issuer  ${place.url}`,
      `tokens  ${place.url}/token`,
      `for     ${place.url}`,
      '',
    ].join('\n'),
  );

  const get = ['token', 'get', '--id', 'planner', '--key', 'planner.json'];
  const token = await place.done(get);
  expect(decodeUnverified(token).claims).toMatchObject({
    sub: 'planner',
    tier: 'fast',
    scope: 'bus:publish bus:receive',
    cnf: { jkt: key.kid },
  });
  expect(await place.ask({ authorization: `DPoP ${token}` })).toBe('401 proof_required');
  const headers = await proven(token, 'planner.json');
  expect(await place.ask(headers)).toBe('200');
  expect(await place.ask(headers)).toBe('401 proof_replayed');
  expect(await place.ask(await proven(token, 'operator.json'))).toBe('401 proof_invalid');

  const { sid } = decodeUnverified(token).claims;
  expect(await place.done(['agents', 'show', 'planner'])).toContain(`\n${String(sid)}  `);

  const revoked = await place.run(['revoke', 'agent', 'planner']);
  expect(revoked).toMatchObject({ code: 0, out: '' });
  expect(revoked.err).toMatch(/^Revoked: record 1, (?:now|\d s ago)\n$/);
  const took = await until('401 token_revoked', async () =>
    place.ask(await proven(token, 'planner.json')),
  );
  // Making the last proof takes a process of its own
  expect(took).toBeLessThan(2000);
  expect(await place.run(get)).toEqual({
    code: 1,
    out: '',
    err: 'swarmgate: refused: invalid_client: The authority refused the request: the id is not registered, is disabled, or has another key\n',
  });

  expect(await place.done(['agents', 'enable', 'planner'])).toMatch(/^state +enabled$/m);
  const later = await place.done(get);
  // That it is lifted is known as soon as that it is revoked: within a second
  await until('200', async () => place.ask(await proven(later, 'planner.json')));
  expect(await place.ask(await proven(token, 'planner.json'))).toBe('401 token_revoked');
});

test('a revoked bearer token is refused within a second of the answer', async () => {
  await place.enroll('runner');
  const get = ['token', 'get', '--id', 'runner', '--key', 'runner.json', '--bearer'];
  const authorization = `Bearer ${await place.done(get)}`;
  expect(await place.ask({ authorization })).toBe('200');
  await place.done(['revoke', 'agent', 'runner']);
  expect(await until('401 token_revoked', () => place.ask({ authorization }))).toBeLessThan(1000);
});

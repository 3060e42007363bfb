// Sessions over HTTP: all tokens of one run end together, and no new one is issued in a run that ended

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bearerToken,
  expectRefused,
  revokeAs,
  startRevocationWorld,
  warm,
  whoami,
} from '../support/revocation.ts';
import type { RevocationWorld } from '../support/revocation.ts';
import { postForm, registerAgent, tokenForm } from '../support/authority.ts';

let world: RevocationWorld;
beforeAll(async () => {
  world = await startRevocationWorld();
});
afterAll(() => world.stop());

const ask = async (fields: Readonly<Record<string, string>>) =>
  postForm(`${world.url}/token`, await tokenForm(world.planner, 'planner', fields));

const tokenIn = async (sid: string): Promise<string> => {
  const { status, body } = await ask({ sid });
  expect(status).toBe(200);
  return String(body['access_token']);
};

describe('sessions', () => {
  test('tokens belong to the session that the request names', async () => {
    const sid = crypto.randomUUID();
    const tokens = [await tokenIn(sid), await tokenIn(sid)];
    const [first, second] = tokens.map((token) => decodeJwt(token)['sid']);
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(second).toBe(first);
    expect(decodeJwt(await tokenIn(crypto.randomUUID()))['sid']).not.toBe(first);
  });

  test('a request that names none begins a session of its own', async () => {
    const tokens = [
      await bearerToken(world.url, world.planner, 'planner'),
      await bearerToken(world.url, world.planner, 'planner'),
    ];
    const [first, second] = tokens.map((token) => decodeJwt(token)['sid']);
    expect(typeof first).toBe('string');
    expect(first).not.toBe(second);
  });

  test('POST /revoke with revoke_session ends every token of it, and no other', async () => {
    const sid = crypto.randomUUID();
    const [older, newer] = [
      await warm(world, await tokenIn(sid)),
      await warm(world, await tokenIn(sid)),
    ];
    const other = await warm(world, await tokenIn(crypto.randomUUID()));
    const answer = await revokeAs(world.url, world.planner, 'planner', newer, {
      revoke_session: 'true',
    });
    expect(answer.status).toBe(200);
    await expectRefused(world, older);
    await expectRefused(world, newer);
    expect(await whoami(world.url, other)).toBe('200');
    const { status, body } = await ask({ sid });
    expect([status, body['error']]).toEqual([400, 'invalid_grant']);
  });

  test('another agent that names what a token shows of it has a session of its own', async () => {
    const token = await warm(world, await tokenIn(crypto.randomUUID()));
    const { sid } = decodeJwt<{ sid: string }>(token);
    const key = await registerAgent(world, 'onlooker');
    const seen = await tokenForm(key, 'onlooker', { sid });
    const { body } = await postForm(`${world.url}/token`, seen);
    const own = await warm(world, String(body['access_token']));
    await revokeAs(world.url, key, 'onlooker', own, { revoke_session: 'true' });
    await expectRefused(world, own);
    expect(await whoami(world.url, token)).toBe('200');
  });

  test('without revoke_session only the token itself ends', async () => {
    const sid = crypto.randomUUID();
    const [older, newer] = [await tokenIn(sid), await tokenIn(sid)];
    await revokeAs(world.url, world.planner, 'planner', newer);
    await expectRefused(world, newer);
    expect(await whoami(world.url, older)).toBe('200');
    expect((await ask({ sid })).status).toBe(200);
  });

  test.each(['short', 'x'.repeat(65), 'with spaces in it, and long', 'ünicode-ünicode-ünicode'])(
    'the session "%s" is malformed',
    async (sid) => {
      const { status, body } = await ask({ sid });
      expect([status, body['error']]).toEqual([400, 'invalid_request']);
    },
  );
});

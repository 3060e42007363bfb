// GET /revocations over HTTP: the public feed

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { revocationHash } from '../../src/index.ts';
import { publicUrl } from '../support/gateway.ts';
import {
  bearerToken,
  headOf,
  revokeAs,
  startRevocationWorld,
  type RevocationWorld,
} from '../support/revocation.ts';

let world: RevocationWorld;

beforeAll(async () => {
  world = await startRevocationWorld();
});
afterAll(() => world.stop());

const tokenOf = (key = world.planner, id = 'planner'): Promise<string> =>
  bearerToken(world.url, key, id);

const jtiOf = (token: string): string => decodeJwt(token).jti ?? '';

const head = (): Promise<number> => headOf(world.url);

describe('GET /revocations', () => {
  test('is public, and shows hashes only', async () => {
    const token = await tokenOf();
    await revokeAs(world.url, world.planner, 'planner', token);
    const response = await fetch(`${world.url}/revocations`);
    const text = await response.text();
    const page = JSON.parse(text) as Record<string, unknown> & { records: { seq: number }[] };
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('cache-control')).toBe('public, no-cache');
    expect(page).toMatchObject({ issuer: publicUrl, full: true, more: false });
    expect(page['as_of']).toBeGreaterThan(Date.now() / 1000 - 10);
    expect(page.records.at(-1)).toEqual({
      seq: page['seq'],
      kind: 'token',
      h: await revocationHash({ kind: 'token', issuer: publicUrl, value: jtiOf(token) }),
      // Longer than any verifier takes the token
      exp: (decodeJwt(token).exp ?? 0) + 120,
    });
    for (const secret of [jtiOf(token), 'planner', 'suspect-1', 'operator', 'odd calls']) {
      expect(text).not.toContain(secret);
    }
  });

  test('answers what follows a number, and 304 to who has it', async () => {
    const token = await tokenOf();
    const before = await head();
    await revokeAs(world.url, world.planner, 'planner', token);
    const url = `${world.url}/revocations?after=${before}`;
    const first = await fetch(url);
    const body = (await first.json()) as { records: unknown[] };
    expect(body).toMatchObject({ seq: before + 1, full: false });
    expect(body.records).toHaveLength(1);
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(url, { headers: { 'if-none-match': `"other", ${etag}` } });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    await revokeAs(world.url, world.planner, 'planner', await tokenOf());
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  test.each([
    'after=-1',
    'after=',
    'after=a',
    'after=1e3',
    'after=1&after=2',
    'x=1',
    'after=9007199254740993',
  ])('refuses the query %s', async (query) => {
    const response = await fetch(`${world.url}/revocations?${query}`);
    expect(response.status).toBe(400);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  test('takes GET alone', async () => {
    expect((await fetch(`${world.url}/revocations`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${world.url}/revocations`, { method: 'HEAD' })).status).toBe(200);
  });

  test('lets one address read it forty times a second, for ten seconds', async () => {
    const statuses = new Set<number>();
    for (let read = 0; read < 420; read++) {
      const response = await fetch(`${world.otherUrl}/revocations?after=999999`);
      await response.body?.cancel();
      statuses.add(response.status);
    }
    expect([...statuses]).toEqual([200, 429]);
  });
});

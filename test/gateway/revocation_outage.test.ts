// A revocation log that fails or hangs: what is known is used for five seconds, then nobody gets in, then all is well

import { describe, expect, test } from 'vitest';
import { postForm } from '../support/authority.ts';
import {
  aboutToken,
  asOperator,
  bearerToken,
  fallibleObjects,
  outage,
  revokeAs,
  startRevocationWorld,
  untilRefused,
  whoami,
} from '../support/revocation.ts';

/** Verdicts of a token, in order, each with when it was first asked for, in milliseconds. */
async function watch(url: string, token: string, limit: number): Promise<[string, number][]> {
  const began = performance.now();
  const seen: [string, number][] = [];
  for (;;) {
    const sentAt = performance.now() - began;
    if (sentAt > limit) return seen;
    const found = await whoami(url, token);
    if (seen.at(-1)?.[0] !== found) seen.push([found, sentAt]);
  }
}

const words = (seen: readonly [string, number][]): string[] => seen.map(([word]) => word);

describe('a revocation log that cannot be reached', () => {
  test.each(['the-log-fails', 'the-log-hangs'])(
    '%s: five seconds of what is known, then 503, then what was revoked meanwhile',
    { timeout: 30_000 },
    async (state) => {
      const world = await startRevocationWorld({ objects: await fallibleObjects() });
      try {
        const { url, planner, worker } = world;
        const good = await bearerToken(url, planner, 'planner');
        const revoked = await bearerToken(url, planner, 'planner');
        const meanwhile = await bearerToken(url, worker, 'worker');
        await revokeAs(url, planner, 'planner', revoked);
        await untilRefused(url, revoked);

        const body = { kind: 'session', value: state };
        await asOperator(world, '/admin/revocations', { method: 'POST', body });
        const watched = [good, revoked].map((token) => watch(url, token, outage + 1500));
        // Recording goes on: what is revoked now is refused as soon as the log is read again
        expect((await revokeAs(url, worker, 'worker', meanwhile)).status).toBe(200);
        const introspected = introspectUntilUnavailable(url, good, planner);
        const [ofGood = [], ofRevoked = []] = await Promise.all(watched);

        const closed = '503 revocation_unavailable';
        expect(words(ofGood)).toEqual(['200', closed, '200']);
        expect(words(ofRevoked)).toEqual(['401 token_revoked', closed, '401 token_revoked']);
        // Who waited 400 ms in vain asked up to that long before; the last view was 0 to 250 ms old
        for (const [, closedAt] of [ofGood[1], ofRevoked[1]].filter(
          (entry) => entry !== undefined,
        )) {
          expect(closedAt).toBeGreaterThan(4000);
          expect(closedAt).toBeLessThan(5200);
        }
        expect(await whoami(url, meanwhile)).toBe('401 token_revoked');
        // Not told as inactive, which would be a lie, and no detail of the outage
        expect(await introspected).toEqual({
          error: 'temporarily_unavailable',
          error_description: 'The authority cannot answer now',
        });
      } finally {
        await world.stop();
      }
    },
  );
});

async function introspectUntilUnavailable(
  url: string,
  token: string,
  key: Parameters<typeof aboutToken>[0],
): Promise<unknown> {
  for (;;) {
    const form = await aboutToken(key, 'planner', token);
    const { status, body } = await postForm(`${url}/introspect`, form);
    if (status === 503) return body;
    expect(body['active']).toBe(true);
  }
}

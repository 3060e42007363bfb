// A trusted issuer's own feed over real HTTP: it revokes that issuer's tokens, nobody else's, and fails closed

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { revocationHash, type FeedRecord } from '../../src/index.ts';
import { startGateway, type RunningGateway } from '../support/gateway.ts';
import { untilRefused, whoami } from '../support/revocation.ts';
import { makeKey, mintToken, type TestKey } from '../support/tokens.ts';

const [followed, other] = ['https://followed.example', 'https://other.example'];
const keys = new Map<string, TestKey>();
const records: FeedRecord[] = [];
let isDown = false;
let server: Server;
let gateway: RunningGateway;

beforeAll(async () => {
  for (const issuer of [followed, other]) keys.set(issuer, await makeKey());
  server = createServer((_request, response) => {
    response.statusCode = isDown ? 500 : 200;
    response.setHeader('content-type', 'application/json');
    const as_of = Math.floor(Date.now() / 1000);
    const page = { issuer: followed, seq: records.length, as_of, full: true, records };
    response.end(JSON.stringify(page));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const trusted = [followed, other].map((issuer) => ({
    issuer,
    jwks: { keys: [keys.get(issuer)?.publicJwk] },
    ...(issuer === followed ? { revocations_uri: `http://127.0.0.1:${port}/revocations` } : {}),
  }));
  gateway = await startGateway({ variables: { TRUSTED_ISSUERS: JSON.stringify(trusted) } });
});
afterAll(async () => {
  await gateway.stop();
  server.close();
});

async function tokenOf(issuer: string, jti: string): Promise<string> {
  const key = keys.get(issuer) ?? (await makeKey());
  return mintToken(key, issuer, 'planner', 'bus:receive', { claims: { jti } });
}

async function record(issuer: string, value: string): Promise<void> {
  const h = await revocationHash({ kind: 'token', issuer, value });
  const exp = Math.floor(Date.now() / 1000) + 3600;
  records.push({ seq: records.length + 1, kind: 'token', h, exp });
}

describe('a gateway that follows a trusted issuer’s feed', () => {
  test('refuses what the issuer revoked within a second, in both isolates', async () => {
    const token = await tokenOf(followed, 'a');
    for (const url of [gateway.url, gateway.otherUrl]) expect(await whoami(url, token)).toBe('200');
    await record(followed, 'a');
    for (const url of [gateway.url, gateway.otherUrl]) {
      expect(await untilRefused(url, token)).toBeLessThan(1000);
    }
  });

  test('does not let it revoke another issuer’s tokens', async () => {
    const token = await tokenOf(other, 'b');
    await record(other, 'b');
    const mark = await tokenOf(followed, 'c');
    await record(followed, 'c');
    await expect.poll(() => whoami(gateway.url, mark)).toBe('401 token_revoked');
    expect(await whoami(gateway.url, token)).toBe('200');
  });

  test('refuses that issuer’s tokens alone once the feed is down for five seconds', async () => {
    const [theirs, others] = [await tokenOf(followed, 'd'), await tokenOf(other, 'd')];
    expect(await whoami(gateway.url, theirs)).toBe('200');
    isDown = true;
    await expect
      .poll(() => whoami(gateway.url, theirs), { timeout: 8000, interval: 100 })
      .toBe('503 revocation_unavailable');
    expect(await whoami(gateway.url, others)).toBe('200');
    isDown = false;
    await expect.poll(() => whoami(gateway.url, theirs), { timeout: 3000 }).toBe('200');
  }, 20_000);

  test.each(['http://feed.example/revocations', 'https://a:b@feed.example/', 'revocations', ''])(
    'does not start with the address "%s"',
    async (revocations_uri) => {
      const jwks = { keys: [keys.get(other)?.publicJwk] };
      const trusted = [{ issuer: other, jwks, revocations_uri }];
      const broken = await startGateway({
        variables: { TRUSTED_ISSUERS: JSON.stringify(trusted) },
      });
      try {
        expect(await whoami(broken.url, 'a.b.c')).toBe('503 key_unavailable');
        // What workerd logs arrives after its answer
        await expect.poll(broken.logs).toContain('TRUSTED_ISSUERS[0].revocations_uri');
      } finally {
        await broken.stop();
      }
    },
  );
});

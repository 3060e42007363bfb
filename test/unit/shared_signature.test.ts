// Concurrent verifies of one token: one signature is computed for all of them, and each is told the same.

import { afterEach, expect, test, vi } from 'vitest';
import { createIssuer, createVerifier, generateSigningKey, localKeys } from '../../src/index.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const request = { sub: 'planner', tier: 'fast', scope: ['bus:publish'] };

async function parties() {
  const key = await generateSigningKey();
  const now = 1_800_000_000;
  const time = { now };
  const clock = (): number => time.now;
  const issuer = createIssuer({ key, clock, lifetime: 60 });
  const verifier = createVerifier({ keys: await localKeys(key.publicJwk), cache: false, clock });
  return { issuer, verifier, time, checks: vi.spyOn(crypto.subtle, 'verify') };
}

const forge = (token: string): string => {
  const at = token.lastIndexOf('.') + 1;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
};

test('verifyAgentToken() computes one signature for tokens that come at the same moment', async () => {
  const { issuer, verifier, checks } = await parties();
  const [one, other] = [
    await issuer.issueAgentToken(request),
    await issuer.issueAgentToken(request),
  ];
  const tokens = [one, one, other, one, other];
  const agents = await Promise.all(tokens.map((token) => verifier.verifyAgentToken(token)));
  expect(checks).toHaveBeenCalledTimes(2);
  expect(new Set(agents.map(({ tokenId }) => tokenId)).size).toBe(2);
  await verifier.verifyAgentToken(one);
  expect(checks).toHaveBeenCalledTimes(3);
});

test('checkAgentToken() refuses a forged token to everybody who brings it, and forgets it', async () => {
  const { issuer, verifier, checks } = await parties();
  const token = await issuer.issueAgentToken(request);
  const forged = forge(token);
  const tokens = [forged, token, forged, token];
  const results = await Promise.all(tokens.map((text) => verifier.checkAgentToken(text)));
  expect(results.map((result) => (result.ok ? 'ok' : result.error.code))).toEqual([
    'signature_invalid',
    'ok',
    'signature_invalid',
    'ok',
  ]);
  expect(checks).toHaveBeenCalledTimes(2);
  await verifier.checkAgentToken(forged);
  expect(checks).toHaveBeenCalledTimes(3);
});

test('checkAgentToken() says of a forged and expired token that its signature is wrong', async () => {
  const { issuer, verifier, time } = await parties();
  const tokens: string[] = [];
  for (let index = 0; index < 4; index++) tokens.push(await issuer.issueAgentToken(request));
  time.now += 3600;
  for (const [text, code] of [
    [forge, 'signature_invalid'],
    [(token: string) => token, 'token_expired'],
  ] as const) {
    const results = await Promise.all(tokens.map((token) => verifier.checkAgentToken(text(token))));
    for (const result of results) expect(result.ok ? 'ok' : result.error.code).toBe(code);
  }
});

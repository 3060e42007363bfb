// DPoP proofs at the gateway: each mistake with its exact code

import { afterAll, describe, expect, test } from 'vitest';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { callRaw, codeOf, type Answer } from '../support/http.ts';
import { boundTo, makeKey, mintProof, mintToken } from '../support/tokens.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const { url, issuer, key } = gateway;
const agentKey = await makeKey();
const strangeKey = await makeKey();
const now = Math.floor(Date.now() / 1000);
const good = await mintToken(key, issuer, 'planner', 'bus:receive');
const bound = await mintToken(key, issuer, 'planner', 'bus:receive', {
  claims: boundTo(agentKey),
});

/** GET /whoami with exactly these header lines. */
const whoami = (...lines: string[]): Promise<Answer> =>
  callRaw(url, ['GET /whoami HTTP/1.1', 'Host: x', ...lines]);

describe('the proof', () => {
  const target = `${publicUrl}/whoami`;
  const proofOf = (claims: Record<string, unknown> = {}, method = 'GET'): Promise<string> =>
    mintProof(agentKey, method, target, bound, { claims });
  const withProof = (proof: string): Promise<Answer> =>
    whoami(`Authorization: DPoP ${bound}`, `DPoP: ${proof}`);

  test('beside a bound token is taken', async () => {
    const answer = await withProof(await proofOf());
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ agent_id: 'planner', jkt: agentKey.kid });
    expect((await withProof(await proofOf({ htu: `${target}?x=1#y` }))).status).toBe(200);
  });

  test('must name the public origin, whatever Host says', async () => {
    const forHost = await proofOf({ htu: 'http://evil.test/whoami' });
    const answer = await callRaw(url, [
      'GET /whoami HTTP/1.1',
      'Host: evil.test',
      'X-Forwarded-Host: evil.test',
      `Authorization: DPoP ${bound}`,
      `DPoP: ${forHost}`,
    ]);
    expect(codeOf(answer)).toBe('401 proof_invalid');
  });

  test('counts for HEAD only when it was made for HEAD', async () => {
    const head = async (proof: string): Promise<number> => {
      const lines = [`Authorization: DPoP ${bound}`, `DPoP: ${proof}`];
      return (await callRaw(url, ['HEAD /whoami HTTP/1.1', 'Host: x', ...lines])).status;
    };
    expect(await head(await proofOf({}, 'HEAD'))).toBe(200);
    expect(await head(await proofOf())).toBe(401);
  });

  test('counts once', async () => {
    const proof = await proofOf();
    expect((await withProof(proof)).status).toBe(200);
    expect(codeOf(await withProof(proof))).toBe('401 proof_replayed');
  });

  test.each<[string, () => Promise<string[]>, string]>([
    ['missing', async () => [`Authorization: DPoP ${bound}`], '401 proof_required'],
    ['missing, as Bearer', async () => [`Authorization: Bearer ${bound}`], '401 proof_required'],
    [
      'there, but as Bearer',
      async () => [`Authorization: Bearer ${bound}`, `DPoP: ${await proofOf()}`],
      '401 proof_required',
    ],
    [
      'missing for an unbound token',
      async () => [`Authorization: DPoP ${good}`],
      '401 proof_invalid',
    ],
    [
      'there for an unbound token',
      async () => [
        `Authorization: DPoP ${good}`,
        `DPoP: ${await mintProof(agentKey, 'GET', target, good)}`,
      ],
      '401 proof_invalid',
    ],
    [
      'sent twice',
      async () => [
        `Authorization: DPoP ${bound}`,
        `DPoP: ${await proofOf()}`,
        `DPoP: ${await proofOf()}`,
      ],
      '401 proof_invalid',
    ],
    [
      'by another key',
      async () => [
        `Authorization: DPoP ${bound}`,
        `DPoP: ${await mintProof(strangeKey, 'GET', target, bound)}`,
      ],
      '401 proof_invalid',
    ],
    [
      'for another token',
      async () => [
        `Authorization: DPoP ${bound}`,
        `DPoP: ${await mintProof(agentKey, 'GET', target, good)}`,
      ],
      '401 proof_invalid',
    ],
    ['a token', async () => [`Authorization: DPoP ${bound}`, `DPoP: ${good}`], '401 proof_invalid'],
    [
      'used as a token',
      async () => [`Authorization: Bearer ${await proofOf()}`],
      '401 typ_not_allowed',
    ],
  ])('%s', async (_name, lines, code) => {
    expect(codeOf(await whoami(...(await lines())))).toBe(code);
  });

  test.each([
    ['of another method', { htm: 'POST' }],
    ['of another path', { htu: `${publicUrl}/bus/messages` }],
    ['of a path with dots', { htu: `${publicUrl}/bus/../whoami` }],
    ['an hour old', { iat: now - 3600 }],
    ['an hour early', { iat: now + 3600 }],
    ['without ath', { ath: undefined }],
    ['without jti', { jti: undefined }],
  ])('%s is refused', async (_name, claims) => {
    expect(codeOf(await withProof(await proofOf(claims)))).toBe('401 proof_invalid');
  });
});

// How credentials arrive, and which tokens count: over real HTTP, each mistake with its exact code

import { SignJWT } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { call, callRaw, codeOf, type Answer } from '../support/http.ts';
import { makeKey, mintEngineToken, mintToken, type TokenOverrides } from '../support/tokens.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const { url, issuer, key, engineKey } = gateway;
const strangeKey = await makeKey();
const now = Math.floor(Date.now() / 1000);

const mint = (overrides?: TokenOverrides): Promise<string> =>
  mintToken(key, issuer, 'planner', 'bus:receive', overrides);

const good = await mint();
const other = await mintToken(key, issuer, 'mallory', 'bus:receive');

/** GET /whoami with exactly these header lines. */
const whoami = (...lines: string[]): Promise<Answer> =>
  callRaw(url, ['GET /whoami HTTP/1.1', 'Host: x', ...lines]);

const agentOf = ({ text }: Answer): unknown => (JSON.parse(text) as { agent_id: unknown }).agent_id;

describe('the Authorization header', () => {
  test.each(['Bearer', 'bearer', 'BEARER', 'Bearer '])('takes %j', async (scheme) => {
    const answer = await whoami(`Authorization: ${scheme} ${good}`);
    expect(answer.status).toBe(200);
    expect(agentOf(answer)).toBe('planner');
  });

  test.each([
    ['nothing', [], '401 token_missing'],
    ['an empty header', ['Authorization:'], '401 token_missing'],
    ['Basic', ['Authorization: Basic dTpw'], '401 token_missing'],
    ['Token', [`Authorization: Token ${good}`], '401 token_missing'],
    ['a scheme alone', ['Authorization: Bearer'], '400 token_malformed'],
    ['a scheme and spaces', ['Authorization: Bearer    '], '400 token_malformed'],
    ['a tab', [`Authorization: Bearer\t${good}`], '400 token_malformed'],
    ['a no-break space', [`Authorization: Bearer \u00a0${good}`], '400 token_malformed'],
    ['something after it', [`Authorization: Bearer ${good} x`], '400 token_malformed'],
    ['quotes', [`Authorization: Bearer "${good}"`], '400 token_malformed'],
    ['an equals sign', [`Authorization: Bearer=${good}`], '400 token_malformed'],
    ['no space', [`Authorization: bearer${good}`], '400 token_malformed'],
    [
      'two headers, both good',
      [`Authorization: Bearer ${good}`, `Authorization: Bearer ${good}`],
      '400 credential_ambiguous',
    ],
    [
      'two headers, the second bad',
      [`Authorization: Bearer ${good}`, 'Authorization: Bearer x'],
      '400 credential_ambiguous',
    ],
    [
      'two headers, the first bad',
      ['Authorization: Bearer x', `Authorization: Bearer ${good}`],
      '400 credential_ambiguous',
    ],
    [
      'Basic and Bearer',
      ['Authorization: Basic dTpw', `Authorization: Bearer ${good}`],
      '400 credential_ambiguous',
    ],
    [
      'two in one header',
      [`Authorization: Bearer ${good}, Bearer ${other}`],
      '400 credential_ambiguous',
    ],
    ['a cookie', [`Cookie: access_token=${good}`], '401 token_missing'],
    ['X-Access-Token', [`X-Access-Token: ${good}`], '401 token_missing'],
    ['Proxy-Authorization', [`Proxy-Authorization: Bearer ${good}`], '401 token_missing'],
    ['a subprotocol', [`Sec-WebSocket-Protocol: bearer.${good}`], '401 token_missing'],
  ])('with %s', async (_name, lines, code) => {
    expect(codeOf(await whoami(...lines))).toBe(code);
  });

  test('other headers never change who it is', async () => {
    const answer = await whoami(
      `Authorization: Bearer ${good}`,
      `Proxy-Authorization: Bearer ${other}`,
      `X-Forwarded-Authorization: Bearer ${other}`,
      `Cookie: access_token=${other}`,
      'X-Agent-Id: mallory',
      'X_Agent_Id: mallory',
      'X-HTTP-Method-Override: DELETE',
    );
    expect(agentOf(answer)).toBe('planner');
  });

  test('2,000 other headers change nothing', async () => {
    const many = Array.from({ length: 2000 }, (_, at) => `X-H${at}: ${at}`);
    expect(agentOf(await whoami(...many, `Authorization: Bearer ${good}`))).toBe('planner');
  });

  test('a token in the query is never used', async () => {
    expect(codeOf(await call(`${url}/whoami?access_token=${good}`))).toBe('401 token_missing');
    const both = await call(`${url}/whoami?access_token=${other}`, { token: good });
    expect(codeOf(both)).toBe('400 credential_ambiguous');
    const hidden = await call(`${url}/whoami?%61ccess_token=${other}`, { token: good });
    expect(codeOf(hidden)).toBe('400 credential_ambiguous');
  });

  test.each([16_000, 64_000, 110_000])('a token of %d bytes is refused', async (size) => {
    const answer = await whoami(`Authorization: Bearer ${'a'.repeat(size)}.b.c`);
    expect(codeOf(answer)).toBe('400 token_too_large');
  });
});

describe('the token', () => {
  test.each<[string, Promise<string> | string, string]>([
    ['expired', mint({ claims: { iat: now - 900, exp: now - 60 } }), '401 token_expired'],
    [
      'from the future',
      mint({ claims: { iat: now + 600, exp: now + 900 } }),
      '401 token_not_active',
    ],
    ['for another audience', mint({ claims: { aud: 'other-bus' } }), '401 audience_mismatch'],
    [
      'of an unknown issuer',
      mint({ claims: { iss: 'https://evil.test' } }),
      '401 issuer_not_trusted',
    ],
    ['that lives two hours', mint({ claims: { exp: now + 7200 } }), '401 lifetime_too_long'],
    ['without jti', mint({ claims: { jti: undefined } }), '401 claim_missing'],
    [
      'with a bad sub',
      mint({ claims: { sub: '../admin', client_id: '../admin' } }),
      '401 claim_malformed',
    ],
    ['with an ID token’s typ', mint({ header: { typ: 'JWT' } }), '401 typ_not_allowed'],
    [
      'with a key in its header',
      mint({ header: { jwk: key.publicJwk } }),
      '401 header_not_allowed',
    ],
    ['by another key', mintToken(strangeKey, issuer, 'planner', ''), '401 key_unknown'],
    [
      'by another key under our kid',
      mintToken(strangeKey, issuer, 'planner', 'a:b', { header: { kid: key.kid } }),
      '401 signature_invalid',
    ],
    [
      'of one issuer under the other’s key',
      mintToken(engineKey, issuer, 'planner', 'a:b'),
      '401 key_unknown',
    ],
    ['of the engine under our key', mint({ claims: { iss: 'yamtam-engine' } }), '401 key_unknown'],
    ['cut', good.slice(0, -2), '401 signature_invalid'],
    ['with padding', `${good}=`, '400 token_malformed'],
    ['without a signature', good.slice(0, good.lastIndexOf('.') + 1), '401 signature_invalid'],
    ['no token at all', 'abc', '400 token_malformed'],
  ])('%s is refused', async (_name, token, code) => {
    expect(codeOf(await call(`${url}/whoami`, { token: await token }))).toBe(code);
  });

  test('alg none and HS256 are refused', async () => {
    const payload = good.split('.')[1] ?? '';
    const header = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const none = `${header({ alg: 'none', typ: 'at+jwt' })}.${payload}.${good.split('.')[2]}`;
    expect(codeOf(await call(`${url}/whoami`, { token: none }))).toBe('401 alg_not_allowed');
    const secret = new TextEncoder().encode(JSON.stringify(key.publicJwk));
    const hmac = await new SignJWT({ sub: 'planner' })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })
      .sign(secret);
    expect(codeOf(await call(`${url}/whoami`, { token: hmac }))).toBe('401 alg_not_allowed');
  });

  test('of the engine is taken as the engine makes it, from the engine alone', async () => {
    const token = await mintEngineToken(engineKey, 'engine-1', ['bus:publish', 'sandbox:run']);
    const answer = await call(`${url}/whoami`, { token });
    expect(JSON.parse(answer.text)).toMatchObject({
      agent_id: 'engine-1',
      tier: 'power',
      scope: ['bus:publish', 'sandbox:run'],
      issuer: 'yamtam-engine',
    });
    const forged = await mintEngineToken(key, 'engine-1', ['bus:publish']);
    expect((await call(`${url}/whoami`, { token: forged })).status).toBe(401);
  });
});

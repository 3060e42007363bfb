// What answers and logs say when something is wrong: fixed text, the same for every cause, and no secret

import { afterAll, describe, expect, test } from 'vitest';
import { errorCodes, type ErrorCode } from '../../src/index.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { call, callRaw, codeOf, type Answer } from '../support/http.ts';
import { boundTo, makeKey, mintProof, mintToken } from '../support/tokens.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const { url, issuer, key } = gateway;
const agentKey = await makeKey();
const token = await mintToken(key, issuer, 'planner', 'bus:publish bus:receive');
const bound = await mintToken(key, issuer, 'planner', 'bus:publish', { claims: boundTo(agentKey) });
const proof = await mintProof(agentKey, 'POST', `${publicUrl}/whoami`, bound);
const secretPayload = '{"password":"correct-horse-battery-staple"}';

const post = (body: string, as = token): Promise<Answer> =>
  call(`${url}/bus/messages`, { method: 'POST', token: as, body });
const now = Math.floor(Date.now() / 1000);
const envelope = await makeEnvelope({ payload: secretPayload });

/** One request for each way in which a request can be refused. */
const refusals: [string, () => Promise<Answer>][] = [
  ['no token', () => call(`${url}/whoami`)],
  ['no such route', () => call(`${url}/nowhere`)],
  ['no such method', () => call(`${url}/whoami`, { method: 'POST', token })],
  ['an ambiguous path', () => call(`${url}/bus//x`, { token })],
  ['a malformed token', () => call(`${url}/whoami`, { token: 'abc' })],
  ['two credentials', () => call(`${url}/whoami?access_token=x`, { token })],
  [
    'an expired token',
    async () => {
      const claims = { iat: now - 900, exp: now - 60 };
      return call(`${url}/whoami`, {
        token: await mintToken(key, issuer, 'planner', 'a:b', { claims }),
      });
    },
  ],
  [
    'another audience',
    async () => {
      const claims = { aud: 'secret-audience' };
      return call(`${url}/whoami`, {
        token: await mintToken(key, issuer, 'planner', 'a:b', { claims }),
      });
    },
  ],
  [
    'another issuer',
    async () =>
      call(`${url}/whoami`, { token: await mintToken(key, 'https://x.test', 'planner', 'a:b') }),
  ],
  ['a bound token as bearer', () => call(`${url}/whoami`, { token: bound })],
  [
    'a proof for another request',
    () => call(`${url}/whoami`, { headers: { authorization: `DPoP ${bound}`, dpop: proof } }),
  ],
  [
    'no scope',
    async () => post(envelope.text, await mintToken(key, issuer, 'planner', 'secret:scope')),
  ],
  ['no envelope', () => post(secretPayload)],
  [
    'a wrong digest',
    async () => post((await makeEnvelope({ payload: secretPayload, sig: 'a'.repeat(64) })).text),
  ],
  ['a stale envelope', async () => post((await makeEnvelope({ ts: '2020-01-01T00:00:00Z' })).text)],
  ['a large envelope', () => post(secretPayload.repeat(1000))],
  [
    'another’s name',
    async () => post((await makeEnvelope({ from: 'mallory', payload: secretPayload })).text),
  ],
  ['a bad query', () => call(`${url}/bus/messages?max=secret`, { token })],
];

/** What must be in no answer and in no log line. */
const secrets = [
  ...[token, bound, proof].flatMap((text) => text.split('.')),
  'correct-horse',
  'secret-audience',
  'secret:scope',
  'x.test',
  'mallory',
  key.kid,
  agentKey.kid,
];

describe('a refusal', () => {
  test.each(refusals)('for %s says what the table says, and no more', async (_name, request) => {
    const { status, headers, text } = await request();
    const body = JSON.parse(text) as { error: string; error_description: string; code: ErrorCode };
    const row = errorCodes[body.code];
    expect(Object.keys(body)).toEqual(['error', 'error_description', 'code']);
    expect(status).toBe(row.status);
    expect(body.error).toBe(row.error ?? body.code);
    expect(body.error_description).toBe(row.description);
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('vary')).toBeNull();
    const all = text + [...headers].flat().join('\n');
    for (const secret of secrets) expect(all).not.toContain(secret);
  });

  test('names the scopes of the very request', async () => {
    const challenge = ({ headers }: Answer): string | null => headers.get('www-authenticate');
    const veto = await makeEnvelope({ type: 'VETO', subject: 'deploy-now' });
    const wanted = 'scope="bus:publish:deploy-now bus:veto:deploy-now"';
    expect(challenge(await post(veto.text))).toContain(wanted);
    const depth = await call(`${url}/bus/status?agent=worker-1`, { token });
    expect(challenge(depth)).toContain('scope="bus:status"');
  });

  test('challenges as RFC 6750, 9449 and 9728 say', async () => {
    const challenge = async (options: Parameters<typeof call>[1], path = '/whoami') =>
      (await call(url + path, options)).headers.get('www-authenticate');
    const metadata = `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource"`;
    expect(await challenge({})).toBe(`Bearer ${metadata}`);
    expect(await challenge({}, '/bus/messages')).toBe(`Bearer scope="bus:receive", ${metadata}`);
    expect(await challenge({ token: 'abc' })).toBe(
      `Bearer error="invalid_request", error_description="The token is not a well-formed compact JWS", ${metadata}`,
    );
    expect(await challenge({ headers: { authorization: `DPoP ${bound}`, dpop: 'x' } })).toBe(
      `DPoP error="invalid_dpop_proof", error_description="The proof of possession is invalid", algs="ES256 Ed25519", ${metadata}`,
    );
    expect(await challenge({ headers: { authorization: 'DPoP abc' } })).toMatch(/^DPoP error/);
    expect(await challenge({}, '/nowhere')).toBeNull();
  });
});

describe('the logs', () => {
  test('hold nothing of any request, accepted or refused', async () => {
    for (const [, request] of refusals) await request();
    await post((await makeEnvelope({ payload: secretPayload })).text);
    await callRaw(url, [
      'GET /whoami HTTP/1.1',
      'Host: x',
      'User-Agent: \u001b[31m%n{"mallory":1}',
    ]);
    await callRaw(url, ['GET /whoami HTTP/1.1', 'Host: x', 'Host: mallory']);
    const sending = ['POST /bus/messages HTTP/1.1', 'Host: x', `Authorization: Bearer ${token}`];
    const broken = await callRaw(url, [...sending, 'Transfer-Encoding: chunked'], 'zz\r\n');
    expect(codeOf(broken)).toBe('400 message_malformed');
    await callRaw(url, [`GET /x?access_token=${token} HTTP/1.1`, 'Host: x']);
    for (const secret of secrets) expect(gateway.logs()).not.toContain(secret);
    expect(gateway.logs()).toBe('');
  });
});

describe('a gateway whose configuration is wrong', () => {
  test.each([
    ['ISSUER', { ISSUER: undefined }],
    ['ISSUER', { ISSUER: 'http://gate.example' }],
    ['TRUSTED_ISSUERS[0].audiense', { TRUSTED_ISSUERS: '[{"issuer":"a","audiense":"b"}]' }],
    ['BUS', { BUS: 'redis' }],
  ])('answers nothing but 503, and names %s in its log', async (variable, variables) => {
    const broken = await startGateway({ variables });
    try {
      for (const path of ['/health', '/whoami', '/bus/messages', '/nowhere', '/a//b']) {
        const answer = await call(broken.url + path, { token });
        expect(codeOf(answer)).toBe('503 key_unavailable');
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
      // What workerd logs arrives after its answer
      await expect.poll(broken.logs).not.toBe('');
      const lines = broken.logs().split('\n');
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({
        level: 'error',
        event: 'configuration_refused',
        variable,
      });
    } finally {
      await broken.stop();
    }
  });
});

describe('a bus that fails', () => {
  const objects = `
    import { DurableObject } from 'cloudflare:workers';
    const fail = () => { throw new Error('secret detail of the storage'); };
    export class Agent extends DurableObject {
      reserve() { return { kind: 'granted', storeBefore: Date.now() + 10000 }; }
    }
    export class Directory extends DurableObject { list() { fail(); } }
    export class Mailbox extends DurableObject {
      store() { fail(); } lease() { fail(); } acknowledge() { fail(); } depth() { fail(); }
    }
    export class Outbox extends DurableObject { store() { fail(); } }
    export default { fetch: () => new Response(null, { status: 404 }) };
  `;

  test('is 503 without any detail, in answers and in our log lines', async () => {
    const broken = await startGateway({ objects });
    try {
      const scope = 'bus:publish bus:receive bus:status bus:broadcast';
      const agent = await mintToken(broken.key, broken.issuer, 'planner', scope);
      const send = async (to: string): Promise<Answer> =>
        call(`${broken.url}/bus/messages`, {
          method: 'POST',
          token: agent,
          body: (await makeEnvelope({ to })).text,
        });
      const id = crypto.randomUUID();
      const answers = [
        await send('worker-1'),
        await send('*'),
        await call(`${broken.url}/bus/messages`, { token: agent }),
        await call(`${broken.url}/bus/messages/${id}`, { method: 'DELETE', token: agent }),
        await call(`${broken.url}/bus/status`, { token: agent }),
        await call(`${broken.url}/bus/status?agent=*`, { token: agent }),
      ];
      for (const answer of answers) {
        expect(codeOf(answer)).toBe('503 bus_unavailable');
        expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
        expect(answer.text).not.toContain('secret');
      }
      await expect.poll(broken.logs).toContain('unexpected_exception');
      const ours = broken
        .logs()
        .split('\n')
        .filter((line) => line.includes('unexpected_exception'));
      for (const line of ours) expect(line).not.toContain('secret');
      expect((await call(`${broken.url}/whoami`, { token: agent })).status).toBe(200);
    } finally {
      await broken.stop();
    }
  });
});

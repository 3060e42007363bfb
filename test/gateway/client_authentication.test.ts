// How clients authenticate: what is accepted, and one answer for everything that is wrong

import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  mintAssertion,
  mintTokenProof,
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
  type JsonAnswer,
  type RunningAuthority,
} from '../support/authority.ts';
import { publicUrl } from '../support/gateway.ts';
import { makeKey, type TestKey } from '../support/tokens.ts';

let authority: RunningAuthority;
let key: TestKey;
let stranger: TestKey;

beforeAll(async () => {
  authority = await startAuthority();
  key = await registerAgent(authority, 'planner');
  stranger = await makeKey();
});
afterAll(() => authority.stop());

// An address for each request: how many unknown ids one may try is another question
let last = 0;
const freshAddress = (): Record<string, string> => ({
  'cf-connecting-ip': `10.${(last >> 16) & 255}.${(last >> 8) & 255}.${last++ & 255}`,
});

const ask = (
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<JsonAnswer> =>
  postForm(`${authority.url}/token`, form, { ...freshAddress(), ...headers });

const seconds = (): number => Math.floor(Date.now() / 1000);

describe('accepts an assertion', () => {
  const claimsOf: Record<string, () => Record<string, unknown>> = {
    'with a list of one audience': () => ({ aud: [publicUrl] }),
    'without iat': () => ({ iat: undefined }),
    'with nbf': () => ({ nbf: seconds() }),
    'of 300 s': () => ({ exp: seconds() + 300 }),
    'that expired within the tolerance': () => ({ exp: seconds() - 2 }),
    'with other claims': () => ({ sub_id: 'x', nonce: 1 }),
  };
  test.each(Object.entries(claimsOf))('%s', async (_name, claims) => {
    const client_assertion = await mintAssertion(key, 'planner', { claims: claims() });
    expect((await ask(await tokenForm(key, 'planner', { client_assertion }))).status).toBe(200);
  });

  test.each(['JWT', 'jwt', 'application/client-authentication+jwt', undefined])(
    'of type %s',
    async (typ) => {
      const client_assertion = await mintAssertion(key, 'planner', { header: { typ } });
      expect((await ask(await tokenForm(key, 'planner', { client_assertion }))).status).toBe(200);
    },
  );

  test('beside its client_id', async () => {
    expect((await ask(await tokenForm(key, 'planner', { client_id: 'planner' }))).status).toBe(200);
  });
});

type Mutation = () => Promise<{
  readonly form: Record<string, string>;
  readonly headers?: Record<string, string>;
}>;

const withClaims =
  (claims: () => Record<string, unknown>): Mutation =>
  async () => ({
    form: await tokenForm(key, 'planner', {
      client_assertion: await mintAssertion(key, 'planner', { claims: claims() }),
    }),
  });
const withHeader =
  (header: Record<string, unknown>): Mutation =>
  async () => ({
    form: await tokenForm(key, 'planner', {
      client_assertion: await mintAssertion(key, 'planner', { header }),
    }),
  });
const withFields =
  (fields: Record<string, string>, headers: Record<string, string> = {}): Mutation =>
  async () => ({ form: await tokenForm(key, 'planner', fields), headers });

const mutations: Record<string, Mutation> = {
  'an unknown client': async () => ({ form: await tokenForm(stranger, 'nobody') }),
  'a signature by another key': async () => ({ form: await tokenForm(stranger, 'planner') }),
  'an id that is none': async () => ({ form: await tokenForm(key, '../planner') }),
  'an assertion for another server': withClaims(() => ({ aud: 'https://other.example' })),
  'an assertion for the token endpoint': withClaims(() => ({ aud: `${publicUrl}/token` })),
  'an assertion for this server and another': withClaims(() => ({
    aud: [publicUrl, 'https://other.example'],
  })),
  'the same audience twice': withClaims(() => ({ aud: [publicUrl, publicUrl] })),
  'no audience': withClaims(() => ({ aud: undefined })),
  'no exp': withClaims(() => ({ exp: undefined })),
  'an expired one': withClaims(() => ({ exp: seconds() - 10 })),
  'one that lives too long': withClaims(() => ({ exp: seconds() + 400 })),
  'exp as text': withClaims(() => ({ exp: `${seconds() + 60}` })),
  'an iat ahead': withClaims(() => ({ iat: seconds() + 60 })),
  'an nbf ahead': withClaims(() => ({ nbf: seconds() + 60 })),
  'no jti': withClaims(() => ({ jti: undefined })),
  'a jti that is no text': withClaims(() => ({ jti: 1 })),
  'a jti of 200 characters': withClaims(() => ({ jti: 'x'.repeat(200) })),
  'another iss than sub': withClaims(() => ({ iss: 'other' })),
  'no iss': withClaims(() => ({ iss: undefined })),
  'typ at+jwt': withHeader({ typ: 'at+jwt' }),
  'typ dpop+jwt': withHeader({ typ: 'dpop+jwt' }),
  'a key in the header': async () => ({
    form: await tokenForm(stranger, 'planner', {
      client_assertion: await mintAssertion(stranger, 'planner', {
        header: { jwk: stranger.publicJwk },
      }),
    }),
  }),
  'its own key in the header': async () => ({
    form: await tokenForm(key, 'planner', {
      client_assertion: await mintAssertion(key, 'planner', { header: { jwk: key.publicJwk } }),
    }),
  }),
  'an address of keys in the header': withHeader({ jku: 'https://evil.example/jwks.json' }),
  'a certificate in the header': withHeader({ x5c: ['AAAA'] }),
  'alg none': async () => {
    const [, payload = ''] = (await mintAssertion(key, 'planner')).split('.');
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    return { form: await tokenForm(key, 'planner', { client_assertion: `${header}.${payload}.` }) };
  },
  'HS256 with the public key as secret': async () => ({
    form: await tokenForm(key, 'planner', {
      client_assertion: await new SignJWT({
        iss: 'planner',
        sub: 'planner',
        aud: publicUrl,
        exp: seconds() + 60,
        jti: crypto.randomUUID(),
      })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(JSON.stringify(key.publicJwk).padEnd(64))),
    }),
  }),
  'another client_id beside it': withFields({ client_id: 'other' }),
  'no assertion': withFields({ client_assertion: '' }),
  garbage: withFields({ client_assertion: 'a.b.c' }),
  'another assertion type': withFields({ client_assertion_type: 'urn:other' }),
  'a secret beside it': withFields({ client_secret: 'hunter2' }),
  'Basic with the right id': withFields(
    {},
    { authorization: `Basic ${Buffer.from('planner:').toString('base64')}` },
  ),
  'Basic with a colon in the id': withFields(
    { client_assertion: '' },
    { authorization: `Basic ${Buffer.from('a%3Ab:x').toString('base64')}` },
  ),
  'an access token as authentication': withFields({}, { authorization: 'Bearer a.b.c' }),
  'a proof instead of an assertion': async () => ({
    form: await tokenForm(key, 'planner', { client_assertion: await mintTokenProof(key) }),
  }),
};

const everyHeader = ({ headers }: JsonAnswer): Record<string, string> => {
  const { date: _date, ...rest } = Object.fromEntries(headers);
  return rest;
};

describe('refuses with one and the same answer', () => {
  test.each(Object.entries(mutations))('%s', async (_name, mutate) => {
    const { form, headers = {} } = await mutate();
    const answer = await ask(form, headers);
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({
      error: 'invalid_client',
      error_description: 'The client cannot be authenticated',
    });
    expect(everyHeader(answer)).toEqual({
      'cache-control': 'no-store',
      'content-length': expect.stringMatching(/^\d+$/) as unknown,
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
    });
  });

  test('an assertion that was used', async () => {
    const form = await tokenForm(key, 'planner');
    expect((await ask(form)).status).toBe(200);
    const again = await ask(form);
    const unknown = await ask(await tokenForm(stranger, 'nobody'));
    expect(again.status).toBe(401);
    expect(again.body).toEqual(unknown.body);
    expect(everyHeader(again)).toEqual(everyHeader(unknown));
  });
});

describe('unknown clients', () => {
  const from = (address: string) => ({ 'cf-connecting-ip': address });
  const askAs = async (id: string, signer: TestKey, address: string): Promise<number> => {
    const form = await tokenForm(signer, id);
    return (await postForm(`${authority.url}/token`, form, from(address))).status;
  };

  test('20 of one address get their answer, then it has to wait, and others do not', async () => {
    const address = '192.0.2.1';
    const statuses: number[] = [];
    for (let at = 0; at < 25; at++) statuses.push(await askAs(`ghost-${at}`, stranger, address));
    expect(statuses.slice(0, 19)).toEqual(Array.from({ length: 19 }, () => 401));
    expect(statuses.slice(20)).toEqual(Array.from({ length: 5 }, () => 429));
    expect(await askAs('ghost-x', stranger, '192.0.2.2')).toBe(401);
    // A client that is known here goes on, and a guess at it is not told apart from the others
    expect(await askAs('planner', key, address)).toBe(200);
    expect(await askAs('planner', stranger, address)).toBe(429);
  });

  test('a network of IPv6 addresses counts as one', async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 22; at++) {
      statuses.push(await askAs(`ghost6-${at}`, stranger, `2001:db8:0:1::${at.toString(16)}`));
    }
    expect(statuses.at(-1)).toBe(429);
    expect(await askAs('ghost6-x', stranger, '2001:db8:0:2::1')).toBe(401);
  });
});

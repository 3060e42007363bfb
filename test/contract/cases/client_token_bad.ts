// createTokenSource against wrong answers, wrong metadata and wrong options

import {
  AuthorityError,
  createTokenSource,
  type AuthorityErrorCode,
  type TokenSourceOptions,
} from '../../../src/index.ts';
import { equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { fakeAuthority, issuerUrl } from '../support/fake_authority.ts';
import { refusesCaller } from '../support/rejections.ts';

type Row = readonly [what: string, answer: () => Response, code: AuthorityErrorCode];

const good = { access_token: 'a.b.c', token_type: 'DPoP', expires_in: 900 };
const token =
  (members: object): (() => Response) =>
  () =>
    Response.json({ ...good, ...members });
const refusal =
  (status: number, body: unknown = {}): (() => Response) =>
  () =>
    Response.json(body, { status });

const tokenRows: readonly Row[] = [
  [
    'a bearer token where a bound one was asked for',
    token({ token_type: 'Bearer' }),
    'authority_invalid',
  ],
  ['no token type', token({ token_type: undefined }), 'authority_invalid'],
  ['no token', token({ access_token: undefined }), 'authority_invalid'],
  ['a token that would break a header', token({ access_token: 'a\r\nb' }), 'authority_invalid'],
  ['a token with white space', token({ access_token: 'a b' }), 'authority_invalid'],
  ['no lifetime', token({ expires_in: undefined }), 'authority_invalid'],
  ['a lifetime that is text', token({ expires_in: '900' }), 'authority_invalid'],
  ['a lifetime of nothing', token({ expires_in: 0 }), 'authority_invalid'],
  [
    'a lifetime without end',
    () => new Response('{"access_token":"a","token_type":"DPoP","expires_in":1e400}'),
    'authority_invalid',
  ],
  [
    'a token named twice',
    () =>
      new Response('{"access_token":"a","access_token":"b","token_type":"DPoP","expires_in":9}'),
    'authority_invalid',
  ],
  ['no JSON', () => new Response('<html>'), 'authority_invalid'],
  ['a JSON array', () => Response.json([good]), 'authority_invalid'],
  ['a body past the cap', () => new Response(' '.repeat(70_000)), 'authority_invalid'],
  [
    'a redirect',
    () => new Response(null, { status: 307, headers: { location: 'https://evil.example/' } }),
    'authority_invalid',
  ],
  ['status 201', () => Response.json(good, { status: 201 }), 'authority_invalid'],
  ['invalid_client', refusal(401, { error: 'invalid_client' }), 'authority_refused'],
  ['invalid_scope', refusal(400, { error: 'invalid_scope' }), 'authority_refused'],
  ['an error code that is none', refusal(400, { error: 'Bearer a.b.c' }), 'authority_invalid'],
  ['a refusal without a code', refusal(403), 'authority_invalid'],
  ['status 429', refusal(429, { error: 'slow_down' }), 'authority_unavailable'],
  ['status 503', refusal(503), 'authority_unavailable'],
];

const metadata = { issuer: issuerUrl, token_endpoint: `${issuerUrl}/token` };
const document =
  (members: object): (() => Response) =>
  () =>
    Response.json({ ...metadata, ...members });

const metadataRows: readonly Row[] = [
  ['of another issuer', document({ issuer: 'https://evil.example' }), 'authority_invalid'],
  ['of an issuer with a slash more', document({ issuer: `${issuerUrl}/` }), 'authority_invalid'],
  ['without an issuer', document({ issuer: undefined }), 'authority_invalid'],
  ['without a token endpoint', document({ token_endpoint: undefined }), 'authority_invalid'],
  [
    'with a token endpoint on http',
    document({ token_endpoint: 'http://gate.example/token' }),
    'authority_invalid',
  ],
  [
    'with credentials in the token endpoint',
    document({ token_endpoint: 'https://a:b@gate.example/token' }),
    'authority_invalid',
  ],
  [
    'with a fragment in the token endpoint',
    document({ token_endpoint: `${issuerUrl}/token#` }),
    'authority_invalid',
  ],
  [
    'with a revocation endpoint on http',
    document({ revocation_endpoint: 'http://gate.example/revoke' }),
    'authority_invalid',
  ],
  ['that is no JSON', () => new Response('<html>'), 'authority_invalid'],
  ['that is not found', () => new Response(null, { status: 404 }), 'authority_invalid'],
  [
    'behind a redirect',
    () => new Response(null, { status: 302, headers: { location: issuerUrl } }),
    'authority_invalid',
  ],
  ['that is not there for now', () => new Response(null, { status: 502 }), 'authority_unavailable'],
];

const optionRows: readonly (readonly [changes: object, words: string])[] = [
  [{ issuer: undefined }, '"issuer"'],
  [{ issuer: 'http://gate.example' }, '"issuer"'],
  [{ issuer: 'https://gate.example/?a' }, '"issuer"'],
  [{ issuer: 'https://gate.example/#' }, '"issuer"'],
  [{ clientId: '' }, '"clientId"'],
  [{ key: {} }, '"key"'],
  [{ key: undefined }, '"key"'],
  [{ tokenEndpoint: 'http://gate.example/token' }, '"tokenEndpoint"'],
  [{ revocationEndpoint: 'https://gate.example/revoke' }, '"revocationEndpoint"'],
  [{ scope: '' }, '"scope"'],
  [{ audience: '' }, '"audience"'],
  [{ resource: '' }, '"resource"'],
  [{ dpop: 'yes' }, '"dpop"'],
  [{ renewAt: 1 }, '"renewAt"'],
  [{ jitter: 0.5 }, '"jitter"'],
  [{ timeout: 0 }, '"timeout"'],
  [{ fetch: 'fetch' }, '"fetch"'],
  [{ random: 0.5 }, '"random"'],
  [{ clientID: 'planner' }, '"clientID"'],
];

export const cases: readonly ContractCase[] = [
  ...tokenRows.map(([what, answer, code]) => ({
    name: `createTokenSource() rejects a token answer with ${what}`,
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      authority.override(({ path }) => (path === '/token' ? answer() : undefined));
      const error: unknown = await source.token().catch((caught: unknown) => caught);
      equal(error instanceof AuthorityError ? error.code : String(error), code, 'code');
      if (code === 'authority_refused') {
        equal((error as AuthorityError).error?.startsWith('invalid_'), true, 'error');
      }
      equal(String(error).includes('a.b.c'), false, 'an echo');
      equal(authority.calls('/token'), 1, 'requests');
    },
  })),
  ...metadataRows.map(([what, answer, code]) => ({
    name: `createTokenSource() rejects metadata ${what}`,
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      authority.override(({ path }) => (path.startsWith('/.well-known') ? answer() : undefined));
      await rejectsWithCode(source.token(), code);
      equal(authority.calls('/token'), 0, 'token requests');
      authority.override(undefined);
      authority.pass(1);
      equal((await source.token()).scheme, 'DPoP', 'scheme once it is right');
    },
  })),
  ...optionRows.map(([changes, words]) => ({
    name: `createTokenSource() refuses the options ${JSON.stringify(changes)}`,
    run: async () => {
      const { options } = await fakeAuthority();
      const changed = { ...options, ...changes } as TokenSourceOptions;
      await refusesCaller(() => createTokenSource(changed), words);
    },
  })),
  {
    name: 'createTokenSource() finds the metadata of an issuer with a path (RFC 8414 section 3.1)',
    run: async () => {
      const { options } = await fakeAuthority();
      const asked: string[] = [];
      const source = createTokenSource({
        ...options,
        issuer: 'https://gate.example/tenant',
        fetch: async (input) => {
          asked.push(typeof input === 'string' ? input : input.url);
          return Response.json({
            ...metadata,
            issuer: 'https://gate.example/tenant',
            ...good,
          });
        },
      });
      await source.token();
      const expected = 'https://gate.example/.well-known/oauth-authorization-server/tenant';
      equal(asked[0], expected, 'address');
      equal(asked[1], 'https://gate.example/token', 'token endpoint');
    },
  },
  {
    name: 'createTokenSource() puts the nonce of the authority into a second proof, once',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      authority.demandNonce('first');
      await source.token();
      equal(authority.calls('/token'), 2, 'requests for the first token');
      authority.pass(900);
      await source.token();
      equal(authority.calls('/token'), 3, 'requests for both tokens');
      authority.demandNonce('second');
      authority.pass(900);
      await source.token();
      equal(authority.calls('/token'), 5, 'requests for three tokens');
      const headers = { 'dpop-nonce': 'never right' };
      authority.override(() =>
        Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers }),
      );
      authority.pass(900);
      await rejectsWithCode(source.token(), 'authority_refused');
    },
  },
  {
    name: 'createTokenSource() passes on what its key store throws',
    run: async () => {
      const { options, sent } = await fakeAuthority();
      const key = async (): Promise<never> => {
        throw new TypeError('No storage here');
      };
      const source = createTokenSource({ ...options, key });
      await refusesCaller(() => source.token(), 'No storage here');
      equal(sent.length, 0, 'requests');
    },
  },
];

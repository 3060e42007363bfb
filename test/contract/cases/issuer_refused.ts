// createIssuer and issueAgentToken: mistakes that are TypeErrors, so that nothing wrong is ever signed

import {
  createIssuer,
  localKeys,
  type AgentTokenRequest,
  type IssuerOptions,
} from '../../../src/index.ts';
import type { ContractCase } from '../case.ts';
import { rejectsWithTypeError, throwsTypeError } from '../support/mutations.ts';
import { clock, keyOf } from '../support/world.ts';

const good: AgentTokenRequest = { sub: 'planner', tier: 'fast', scope: ['bus:publish'] };

const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const uri = 'https://issuer.example/status/1';

type Mistake = readonly [option: string, value: unknown, named?: string];

const each = (option: string, values: readonly unknown[]): readonly Mistake[] =>
  values.map((value): Mistake => [option, value]);

const optionMistakes: readonly Mistake[] = [
  ...each('key', [undefined, null, {}, 'pem', [], { alg: 'ES256' }]),
  ...each('issuer', [undefined, null, '', 0, {}, ['a'], '\ud800']),
  ...each('audience', [undefined, null, '', '*', 0, {}, [], [''], ['a', 1], ['*'], '\udfff']),
  ...each('audience', [['a', '\ud800b'], Array<string>(1)]),
  ...each('lifetime', [undefined, 0, -1, 3601, NaN, Infinity, '900']),
  ...each('scopeFormat', [undefined, null, 'list', 1]),
  ...each('maxTokenBytes', [undefined, 0, 255, 65_537, NaN, '2048']),
  ...each('clock', [undefined, null, 0]),
  ...['isuer', 'Audience', 'expiresIn', 'algorithm'].map((option): Mistake => [option, 1]),
];

const circular: Record<string, unknown> = {};
circular['self'] = circular;
let deep: unknown = 1;
for (let level = 0; level < 40; level++) deep = [deep];

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const reserved = words(`
  iss sub aud iat exp nbf jti client_id sid tier scope cnf act may_act dlg dlg_max status sealed
  scp scopes roles permissions constructor prototype
`);

const secrets = words(`
  password passwd db_password dbPassword secret client_secret apiKey api_key API-KEY token
  access_token githubToken credential credentials private_key privateKey passphrase cookie jwt
  bearer otp pin
`);

const requestMistakes: readonly Mistake[] = [
  ...each('sub', [undefined, null, '', 0, 'a b', '../admin', '.a', 'a\n', 'é', 'x'.repeat(129)]),
  ...each('tier', [undefined, null, '', 0, 'Fast', 'fast ', 'a_b', '-a', 'x'.repeat(65), ['fast']]),
  ...each('scope', [
    undefined,
    null,
    0,
    {},
    '*',
    'bus:*',
    'a:b  c:d',
    ' a:b',
    ['a'],
    [1],
    [''],
    ['a:b c:d'],
    Array<string>(1),
  ]),
  ...each('sid', [undefined, null, '', 0, 'a\nb', 'x'.repeat(129), 'a\udc00']),
  ...each('jti', [undefined, null, '', 0, 'a\nb', 'x'.repeat(129), '\ud800a']),
  ...each('cnf', [undefined, null, {}, jkt, { jkt: '' }, { jkt: 1 }, { jkt: `${jkt}=` }]),
  ...each('cnf', [{ jkt, 'x5t#S256': jkt }, { 'x5t#S256': jkt }, { jkt: 'short' }]),
  ...each('sealed', [undefined, null, '', 'a.b.c', 'a.b.c.d', 'a.b.c.d e.f', 0]),
  ...each('status', [undefined, null, {}, { status_list: {} }, { status_list: { idx: 0 } }]),
  ...each(
    'status',
    [-1, 1.5, '0', 2 ** 53].map((idx) => ({ status_list: { idx, uri } })),
  ),
  ...each('status', [{ status_list: { idx: 0, uri: `${uri}\ud800` } }]),
  ...each('lifetime', [undefined, 0, -1, 3601, NaN, Infinity, '3600', 315_360_000]),
  ...each('claims', [undefined, null, [], 'x', 1, circular, { deep }, { n: 1n }, { s: '\ud800' }]),
  ...reserved.map((name): Mistake => ['claims', { [name]: 'x' }, name]),
  ['claims', JSON.parse('{"__proto__":{"sub":"admin"}}'), '__proto__'],
  ['claims', { toJSON: () => ({ sub: 'admin' }) }, 'sub'],
  ['claims', { a: { toJSON: () => ({ password: 'x' }) } }, 'password'],
  ...secrets.flatMap((name): Mistake[] => [
    ['claims', { [name]: 'x' }, name],
    ['claims', { a: [{ b: { [name]: 'x' } }] }, name],
  ]),
  ...['subject', 'scopes', 'expiresIn', 'aud', 'iss', 'exp'].map((name): Mistake => [name, 'x']),
];

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (value === circular) return 'a circle';
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, member]) => `${name} ${typeof member}`)
      .join(', ');
  }
  const text = String(value).slice(0, 40);
  // Half a pair of surrogates cannot be sent to who reports the name
  return /\p{Cs}/u.test(text) ? JSON.stringify(text) : text;
}

export const cases: readonly ContractCase[] = [
  ...optionMistakes.map(([option, value]): ContractCase => ({
    name: `createIssuer() refuses ${option}: ${shown(value)}`,
    run: async () => {
      const options = { key: await keyOf('ES256', 'trusted'), [option]: value };
      throwsTypeError(() => createIssuer(options), `"${option}"`);
    },
  })),
  ...requestMistakes.map(([name, value, named = name]): ContractCase => ({
    name: `issueAgentToken() refuses ${name}: ${shown(value)}`,
    run: async () => {
      const issuer = createIssuer({ key: await keyOf('ES256', 'trusted'), clock });
      const request: AgentTokenRequest = { ...good, [name]: value };
      await rejectsWithTypeError(issuer.issueAgentToken(request), `"${named}"`);
    },
  })),
  {
    name: 'createIssuer() refuses no options, and a key that is public, symmetric or nameless',
    run: async () => {
      throwsTypeError(() => createIssuer(undefined as unknown as IssuerOptions), 'createIssuer');
      const key = await keyOf('ES256', 'trusted');
      const hmac = { name: 'HMAC', hash: 'SHA-256' };
      const secret = await crypto.subtle.generateKey(hmac, true, ['sign', 'verify']);
      const publicKey = (await localKeys(key.publicJwk)).find({ alg: 'ES256', kid: key.kid });
      for (const changes of [
        { privateKey: (await publicKey).key },
        { privateKey: secret },
        { alg: 'HS256' },
        { alg: 'none' },
        { kid: undefined },
        { kid: '' },
      ]) {
        const options: object = { key: { ...key, ...changes } };
        throwsTypeError(() => createIssuer(options as IssuerOptions), '"key"');
      }
    },
  },
];

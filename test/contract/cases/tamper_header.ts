// crit, b64, typ and nesting: what changes how a token is read, and tokens made for something else

import { CompactEncrypt } from 'jose';
import { createDpopProof } from '../../../src/index.ts';
import type { ContractCase } from '../case.ts';
import { segment, sign, split } from '../support/forge.ts';
import { accepts, rejects, type Control, type Mutation } from '../support/mutations.ts';
import { clock, type World } from '../support/world.ts';

const header = (name: string, changes: Record<string, unknown>): Mutation => ({
  name,
  mutate: (from) => from.withHeader(changes),
  code: 'header_not_allowed',
});

const critical: readonly Mutation[] = [
  header('crit with an unknown name', { crit: ['x'], x: 1 }),
  header('crit as an empty array', { crit: [] }),
  header('crit as a string', { crit: 'exp' }),
  header('crit as null', { crit: null }),
  header('crit with a registered name', { crit: ['alg'] }),
  header('crit with an absent member', { crit: ['absent'] }),
  header('crit with __proto__', { crit: ['__proto__'] }),
  header('crit with a name twice', { crit: ['x', 'x'], x: 1 }),
  header('b64 false with crit', { b64: false, crit: ['b64'] }),
  header('b64 true with crit', { b64: true, crit: ['b64'] }),
  header('b64 false without crit', { b64: false }),
  header('b64 true without crit', { b64: true }),
];

const types = [
  'JWT',
  'jwt',
  'id_token+jwt',
  'dpop+jwt',
  'statuslist+jwt',
  'secevent+jwt',
  'logout+jwt',
  'txntoken+jwt',
  'agent-delegation+jwt',
  'at+jwt ',
  ' at+jwt',
  'at+jwt;v=1',
  'xat+jwt',
  'application/JWT',
  'text/at+jwt',
  'application/application/at+jwt',
  '',
  undefined,
  null,
  0,
  [],
  ['at+jwt'],
  {},
].map((typ): Mutation => ({
  name: `typ ${JSON.stringify(typ) ?? 'missing'}`,
  mutate: (from) => from.withHeader({ typ }),
  code: 'typ_not_allowed',
}));

async function encrypted({ token, key }: World): Promise<string> {
  const { use: _use, alg: _alg, ...recipient } = key.publicJwk;
  return new CompactEncrypt(new TextEncoder().encode(token))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT', kid: key.kid })
    .encrypt(recipient);
}

function nested(inner: string, depth: number, from: World): Promise<string> {
  const text = depth === 0 ? Promise.resolve(inner) : nested(inner, depth - 1, from);
  return text.then((payload) => from.signed({ ...from.header, cty: 'JWT' }, payload));
}

const others: readonly Mutation[] = [
  {
    name: 'a DPoP proof in place of a token',
    mutate: ({ key }) =>
      createDpopProof({ key, method: 'GET', url: 'https://bus.example/', clock }),
    code: 'typ_not_allowed',
  },
  {
    name: 'a client assertion in place of a token',
    mutate: ({ key, header: { kid }, claims }) =>
      sign(key.privateKey, { alg: 'ES256', typ: 'JWT', kid }, { ...claims, aud: 'yamtam-engine' }),
    code: 'typ_not_allowed',
  },
  {
    name: 'a status list token in place of a token',
    mutate: ({ key, header: { kid }, claims }) =>
      sign(
        key.privateKey,
        { alg: 'ES256', typ: 'statuslist+jwt', kid },
        { ...claims, status_list: { bits: 1, lst: 'eNrbuRgAAhcBXQ' } },
      ),
    code: 'typ_not_allowed',
  },
  {
    name: 'an opaque refresh token in place of a token',
    mutate: () => 'tGzv3JOkF0XG5Qx2TlKWIA',
    code: 'token_malformed',
  },
  {
    name: 'a token that is encrypted to its signing key',
    mutate: encrypted,
    code: 'token_malformed',
  },
  {
    name: 'a JWS inside a JWS',
    mutate: (from) => nested(from.token, 0, from),
    code: 'token_malformed',
  },
  {
    name: 'a JWS as a JSON string inside a JWS',
    mutate: (from) => from.signed({ ...from.header, cty: 'JWT' }, JSON.stringify(from.token)),
    code: 'token_malformed',
  },
  {
    name: 'a JWS inside a JWS three deep',
    mutate: (from) => nested('{}', 3, from),
    code: 'token_malformed',
  },
  {
    name: 'a JWS inside a JWS fifty deep',
    // Each level is a third larger: built from the same segments, it is over the size at once.
    mutate: ({ token }) => `${split(token)[0]}.${segment(token.repeat(50))}.${split(token)[2]}`,
    code: 'token_too_large',
  },
];

const good: readonly Control[] = [
  {
    name: 'typ application/at+jwt',
    make: (from) => from.withHeader({ typ: 'application/at+jwt' }),
  },
  { name: 'typ AT+JWT', make: (from) => from.withHeader({ typ: 'AT+JWT' }) },
  { name: 'cty JWT over plain claims', make: (from) => from.withHeader({ cty: 'JWT' }) },
  {
    name: 'an unknown header member that is not critical',
    make: (from) => from.withHeader({ trace: 'abc', __proto__: null }),
  },
];

export const cases: readonly ContractCase[] = [
  ...rejects([...critical, ...types, ...others]),
  ...accepts(good),
];

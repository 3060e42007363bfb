// What a verifier asks of others: a hook that throws, lies, answers oddly or never means refusal

import {
  createDpopProof,
  TokenError,
  type ErrorCode,
  type KeySource,
  type ReplayGuard,
  type RevocationSource,
  type VerificationKey,
} from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { sign, change } from '../support/forge.ts';
import { refused } from '../support/mutations.ts';
import { clock, world, type World } from '../support/world.ts';

const secret = 'eyJhbGciOiJFUzI1NiJ9.secret';
const boom = (): never => {
  throw new Error(secret);
};
const rejected = (): Promise<never> => Promise.reject(new Error(secret));
const withCode = (code: ErrorCode) => (): never => {
  throw new TokenError(code);
};

type Row<Answer> = readonly [name: string, hook: (from: World) => Answer, code: ErrorCode];

/** The verification key that a good source would give, changed. */
const keyWith = async (from: World, changes: object): Promise<VerificationKey> => {
  const { kty, crv = '', x = '', y = '' } = from.key.publicJwk;
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const jwk = { kty, crv, x, y };
  const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']);
  const { kid } = from.key;
  return { kid, thumbprint: kid, alg: 'ES256', key, ...changes };
};

const symmetric = (): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new Uint8Array(32), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'verify',
    'sign',
  ]);

const keyRows: readonly Row<unknown>[] = [
  ['throws', boom, 'key_unavailable'],
  ['rejects', rejected, 'key_unavailable'],
  ['throws key_unknown', withCode('key_unknown'), 'key_unknown'],
  ['throws key_unusable', withCode('key_unusable'), 'key_unusable'],
  ['answers undefined', () => undefined, 'key_unavailable'],
  ['answers null', () => null, 'key_unavailable'],
  ['answers with a promise of undefined', () => Promise.resolve(undefined), 'key_unavailable'],
  ['answers true', () => true, 'key_unusable'],
  ['answers with an empty object', () => ({}), 'key_unusable'],
  [
    'answers with a key for another algorithm',
    (from) => keyWith(from, { alg: 'RS256' }),
    'key_unusable',
  ],
  ['answers with a key for none', (from) => keyWith(from, { alg: 'none' }), 'key_unusable'],
  [
    'answers with a key without thumbprint',
    (from) => keyWith(from, { thumbprint: undefined }),
    'key_unusable',
  ],
  ['answers with no CryptoKey', (from) => keyWith(from, { key: undefined }), 'signature_invalid'],
  ['answers with bytes', (from) => keyWith(from, { key: new Uint8Array(32) }), 'signature_invalid'],
  [
    'answers with a symmetric key',
    async (from) => keyWith(from, { key: await symmetric() }),
    'signature_invalid',
  ],
  [
    'answers with the private key',
    (from) => keyWith(from, { key: from.key.privateKey }),
    'signature_invalid',
  ],
];

const revocationRows: readonly Row<unknown>[] = [
  ['throws', boom, 'revocation_unavailable'],
  ['rejects', rejected, 'revocation_unavailable'],
  ['throws revocation_unavailable', withCode('revocation_unavailable'), 'revocation_unavailable'],
  ['answers true', () => true, 'token_revoked'],
  ['answers with a promise of true', () => Promise.resolve(true), 'token_revoked'],
  ...[undefined, null, 0, '', 'false', {}, [], NaN].flatMap((value): Row<unknown>[] => [
    [`answers ${JSON.stringify(value) ?? 'undefined'}`, () => value, 'token_revoked'],
    [
      `answers with a promise of ${JSON.stringify(value) ?? 'undefined'}`,
      () => Promise.resolve(value),
      'token_revoked',
    ],
  ]),
];

const replayRows: readonly Row<unknown>[] = [
  ['throws', boom, 'proof_replayed'],
  ['rejects', rejected, 'proof_replayed'],
  ['throws rate_limited', withCode('rate_limited'), 'rate_limited'],
  ...[false, undefined, null, 1, 'true', {}, []].map((value): Row<unknown> => [
    `answers ${JSON.stringify(value) ?? 'undefined'}`,
    () => value,
    'proof_replayed',
  ]),
];

const url = 'https://bus.example/whoami';

/** A bound token and the options of a request with a fresh proof. */
async function bound(from: World) {
  const token = await from.withClaims({ cnf: { jkt: from.stranger.kid } });
  const proof = await createDpopProof({ key: from.stranger, method: 'GET', url, token, clock });
  return { token, options: { proof, method: 'GET', url } };
}

/** Fails when the promise settles while everything that is ready runs. */
async function staysOpen(promise: Promise<unknown>): Promise<void> {
  let settled = false;
  void promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  // A signature takes real time: three of them leave the hook's turn far behind.
  const { key, header, claims } = await world();
  for (let turn = 0; turn < 3; turn++) await sign(key.privateKey, header, claims);
  equal(settled, false, 'settled');
}

const never = new Promise<never>(() => {});

export const cases: readonly ContractCase[] = [
  ...keyRows.map(([name, hook, code]): ContractCase => ({
    name: `verifyAgentToken() refuses when a key source ${name}`,
    run: async () => {
      const from = await world();
      const keys = { find: () => hook(from) } as KeySource;
      await refused(await from.verifierWith({ keys }), from.token, code);
    },
  })),
  ...revocationRows.map(([name, hook, code]): ContractCase => ({
    name: `verifyAgentToken() refuses when a revocation source ${name}`,
    run: async () => {
      const from = await world();
      const revocation = { isRevoked: () => hook(from) } as RevocationSource;
      await refused(await from.verifierWith({ revocation }), from.token, code);
    },
  })),
  ...replayRows.map(([name, hook, code]): ContractCase => ({
    name: `verifyAgentToken() refuses when a replay guard ${name}`,
    run: async () => {
      const from = await world();
      const replay = { use: () => hook(from) } as ReplayGuard;
      const { token, options } = await bound(from);
      const verifier = await from.verifierWith({ replay });
      const result = await verifier.checkAgentToken(token, options);
      equal(!result.ok && result.error.code, code, 'code');
      equal(!result.ok && result.error.message.includes('secret'), false, 'echo in the message');
    },
  })),
  {
    name: 'verifyAgentToken() never accepts while a key source has not answered',
    run: async () => {
      const { verifierWith, token } = await world();
      const verifier = await verifierWith({ keys: { find: () => never } });
      await staysOpen(verifier.verifyAgentToken(token));
    },
  },
  {
    name: 'verifyAgentToken() never accepts while a revocation source has not answered',
    run: async () => {
      const { verifierWith, token } = await world();
      const verifier = await verifierWith({ revocation: { isRevoked: () => never } });
      await staysOpen(verifier.verifyAgentToken(token));
    },
  },
  {
    name: 'verifyAgentToken() never accepts while a replay guard has not answered',
    run: async () => {
      const from = await world();
      const verifier = await from.verifierWith({ replay: { use: () => never } });
      const { token, options } = await bound(from);
      await staysOpen(verifier.verifyAgentToken(token, options));
    },
  },
  {
    name: 'verifyAgentToken() does not remember that a hook failed',
    run: async () => {
      const { verifierWith, token, key } = await world();
      const good = await verifierWith({});
      let failing = true;
      const source = await keyWith(await world(), {});
      const verifier = await verifierWith({
        keys: { find: () => (failing ? boom() : source) },
        revocation: { isRevoked: () => (failing ? boom() : false) },
      });
      await refused(verifier, token, 'key_unavailable');
      failing = false;
      equal((await verifier.verifyAgentToken(token)).keyThumbprint, key.kid, 'key');
      failing = true;
      await refused(verifier, token, 'key_unavailable');
      equal((await good.verifyAgentToken(token)).agentId, 'planner', 'another verifier');
    },
  },
  {
    name: 'verifyAgentToken() asks a revocation source only about what has verified',
    run: async () => {
      const from = await world();
      let asked = 0;
      const verifier = await from.verifierWith({
        revocation: {
          isRevoked: () => {
            asked++;
            return false;
          },
        },
      });
      const forged = await sign(from.stranger.privateKey, from.header, from.claims);
      await refused(verifier, forged, 'signature_invalid');
      const late = await from.signed(from.header, change(from.claims, { aud: 'other' }));
      await refused(verifier, late, 'audience_mismatch');
      equal(asked, 0, 'questions');
      await verifier.verifyAgentToken(from.token);
      await verifier.verifyAgentToken(from.token);
      equal(asked, 2, 'questions for a good token, twice');
    },
  },
];

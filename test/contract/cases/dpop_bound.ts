// Bound tokens: they count only with a fresh proof by their key, for this request and this token

import { createDpopProof, type ErrorCode } from '../../../src/index.ts';
import { equal, rejectsWith, rejectsWithCode, type ContractCase } from '../case.ts';
import { sha256, sign } from '../support/forge.ts';
import { request } from '../support/proofs.ts';
import { clock, keyOf, now, world } from '../support/world.ts';

/** A bound token, and a fresh proof for it. */
async function bound() {
  const { withClaims, stranger: key } = await world();
  const token = await withClaims({ cnf: { jkt: key.kid } });
  const proof = await createDpopProof({ key, ...request, token, clock });
  return { token, proof, key };
}

type Presented = readonly [
  name: string,
  present: (parts: Awaited<ReturnType<typeof bound>>) => object | Promise<object>,
  code: ErrorCode | undefined,
];

const presented: readonly Presented[] = [
  ['with its proof', ({ proof }) => ({ proof, ...request }), undefined],
  ['without a proof', () => ({}), 'proof_required'],
  ['with proof undefined', () => ({ proof: undefined }), 'proof_required'],
  ['with proof null, which only inspects', () => ({ proof: null }), undefined],
  [
    'with a proof for another method',
    ({ proof }) => ({ ...request, proof, method: 'POST' }),
    'proof_invalid',
  ],
  [
    'with a proof for another URL',
    ({ proof }) => ({ ...request, proof, url: 'https://bus.example/x' }),
    'proof_invalid',
  ],
  ['with the token as proof', ({ token }) => ({ ...request, proof: token }), 'proof_invalid'],
  ['with an empty proof', () => ({ ...request, proof: '' }), 'proof_invalid'],
  ['with a number as proof', () => ({ ...request, proof: 1 }), 'proof_invalid'],
  [
    "with another key's proof",
    async ({ token }) => {
      const key = await keyOf('ES256', 'proof');
      return { ...request, proof: await createDpopProof({ key, ...request, token, clock }) };
    },
    'proof_invalid',
  ],
  [
    'with a proof for another token',
    async ({ key }) => ({
      ...request,
      proof: await createDpopProof({ key, ...request, token: 'other', clock }),
    }),
    'proof_invalid',
  ],
  [
    'with a proof for no token',
    async ({ key }) => ({ ...request, proof: await createDpopProof({ key, ...request, clock }) }),
    'proof_invalid',
  ],
];

const wrongOptions: readonly (readonly [name: string, value: unknown])[] = [
  ['replay', { use: true }],
  ['replay', true],
  ['isNonce', undefined],
  ['isNonce', true],
];

export const cases: readonly ContractCase[] = [
  ...presented.map(([name, present, code]): ContractCase => ({
    name: `verifyAgentToken() ${code === undefined ? 'accepts' : 'rejects'} a bound token ${name}`,
    run: async () => {
      const parts = await bound();
      const { verifierWith } = await world();
      const verifier = await verifierWith({});
      const result = await verifier.checkAgentToken(parts.token, await present(parts));
      equal(result.ok ? undefined : result.error.code, code, 'code');
      equal(!result.ok || result.value.jkt === parts.key.kid, true, 'jkt');
    },
  })),
  {
    name: 'verifyAgentToken() rejects an unbound token with a proof',
    run: async () => {
      const { token, verifier, key } = await world();
      const proof = await createDpopProof({ key, ...request, token, clock });
      await rejectsWithCode(
        verifier.verifyAgentToken(token, { proof, ...request }),
        'proof_invalid',
      );
    },
  },
  {
    name: 'verifyAgentToken() rejects a proof whose htu and URL are no URLs, equal as they may be',
    run: async () => {
      const { verifier } = await world();
      const { token, key } = await bound();
      const jwk = { kty: 'EC', crv: 'P-256', x: key.publicJwk.x, y: key.publicJwk.y };
      const claims = { jti: 'a', htm: 'GET', htu: 'x', iat: now, ath: await sha256(token) };
      const header = { typ: 'dpop+jwt', alg: 'ES256', jwk };
      const proof = await sign(key.privateKey, header, claims);
      const options = { proof, method: 'GET', url: 'x' };
      await rejectsWithCode(verifier.verifyAgentToken(token, options), 'proof_invalid');
    },
  },
  {
    name: 'verifyAgentToken() holds a proof to the tolerance of the verifier',
    run: async () => {
      const { verifierWith } = await world();
      const { token, key } = await bound();
      const ahead = async (seconds: number) => ({
        ...request,
        proof: await createDpopProof({ key, ...request, token, clock: () => now + seconds }),
      });
      const exact = await verifierWith({ clockTolerance: 0 });
      const check = exact.verifyAgentToken(token, await ahead(1));
      await rejectsWithCode(check, 'proof_invalid');
      const lax = await verifierWith({ clockTolerance: 60 });
      equal((await lax.verifyAgentToken(token, await ahead(60))).jkt, key.kid, 'jkt');
    },
  },
  {
    name: 'verifyAgentToken() lets proofs repeat only where replay is null',
    run: async () => {
      const { verifierWith } = await world();
      const { token, proof } = await bound();
      const options = { proof, ...request };
      const lax = await verifierWith({ replay: null });
      await lax.verifyAgentToken(token, options);
      await lax.verifyAgentToken(token, options);
      const strict = await verifierWith({});
      await strict.verifyAgentToken(token, options);
      await rejectsWithCode(strict.verifyAgentToken(token, options), 'proof_replayed');
    },
  },
  {
    name: 'verifyAgentToken() records a proof with the guard of the call, in place of its own',
    run: async () => {
      const { verifierWith } = await world();
      const { token, proof, key } = await bound();
      const verifier = await verifierWith({});
      const options = { proof, ...request };
      const noted: string[] = [];
      const replay = { use: (id: string) => noted.push(id) > 0 };
      await verifier.verifyAgentToken(token, { ...options, replay });
      equal(noted.length === 1 && noted[0]?.startsWith(`${key.kid}:`), true, 'noted');
      await verifier.verifyAgentToken(token, { ...options, replay: null });
      const used = { ...options, replay: { use: () => false } };
      await rejectsWithCode(verifier.verifyAgentToken(token, used), 'proof_replayed');
      await verifier.verifyAgentToken(token, options);
      await rejectsWithCode(verifier.verifyAgentToken(token, options), 'proof_replayed');
    },
  },
  {
    name: 'verifyAgentToken() asks the guard of the call about no token that is refused anyway',
    run: async () => {
      const { verifierWith } = await world();
      const { token, proof } = await bound();
      const revocation = { isRevoked: () => true };
      const verifier = await verifierWith({ revocation });
      let asked = 0;
      const replay = { use: () => ++asked > 0 };
      const options = { proof, ...request, replay };
      await rejectsWithCode(verifier.verifyAgentToken(token, options), 'token_revoked');
      equal(asked, 0, 'asked');
    },
  },
  {
    name: 'verifyAgentToken() asks whether a nonce was given to this agent',
    run: async () => {
      const { verifier } = await world();
      const { token, key } = await bound();
      const withNonce = async (nonce?: string) => ({
        ...request,
        proof: await createDpopProof({
          key,
          ...request,
          token,
          clock,
          ...(nonce === undefined ? {} : { nonce }),
        }),
        isNonce: (seen: string, agent: { readonly agentId: string }) =>
          seen === `of ${agent.agentId}`,
      });
      const { agentId } = await verifier.verifyAgentToken(token, { proof: null });
      await verifier.verifyAgentToken(token, await withNonce(`of ${agentId}`));
      for (const nonce of [undefined, '', 'of another']) {
        const check = verifier.verifyAgentToken(token, await withNonce(nonce));
        await rejectsWithCode(check, 'proof_nonce_required');
      }
    },
  },
  ...wrongOptions.map(([name, value]): ContractCase => ({
    name: `verifyAgentToken() throws a TypeError for ${name} ${JSON.stringify(value)}`,
    run: async () => {
      const { verifier } = await world();
      const { token, proof } = await bound();
      const options = { proof, ...request, [name]: value };
      await rejectsWith(verifier.verifyAgentToken(token, options), TypeError);
    },
  })),
];

// The cache of a verifier: it saves the signature, and no other check

import {
  createDpopProof,
  createVerifier,
  localKeys,
  TokenError,
  type KeySource,
  type Verifier,
} from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { change, sign, split } from '../support/forge.ts';
import { refused } from '../support/mutations.ts';
import { clock, keyOf, movableClock, now, world } from '../support/world.ts';

/** A key source that a case can empty, fill and break. */
async function switchable(): Promise<KeySource & { current: KeySource | undefined }> {
  const { publicJwk } = await keyOf('ES256', 'trusted');
  const source: KeySource & { current: KeySource | undefined } = {
    current: await localKeys(publicJwk),
    find: (query) => {
      if (source.current === undefined) throw new TokenError('key_unknown');
      return source.current.find(query);
    },
  };
  return source;
}

/** Runs and counts the signature checks that the runtime makes. */
async function countSignatures(run: () => Promise<void>): Promise<number> {
  const { subtle } = crypto;
  const original = subtle.verify;
  let count = 0;
  subtle.verify = function counted(...args: Parameters<SubtleCrypto['verify']>) {
    count++;
    return original.apply(this, args);
  };
  try {
    await run();
  } finally {
    subtle.verify = original;
  }
  return count;
}

const warm = async (verifier: Verifier): Promise<string> => {
  const { token } = await world();
  await verifier.verifyAgentToken(token);
  return token;
};

export const cases: readonly ContractCase[] = [
  {
    name: 'verifyAgentToken() checks the signature of a remembered token once',
    run: async () => {
      const { token, verifierWith } = await world();
      const times = async (verifier: Verifier): Promise<number> =>
        countSignatures(async () => {
          for (let turn = 0; turn < 5; turn++) await verifier.verifyAgentToken(token);
        });
      equal(await times(await verifierWith({})), 1, 'checks with a cache');
      equal(await times(await verifierWith({ cache: true })), 1, 'checks with cache: true');
      equal(await times(await verifierWith({ cache: false })), 5, 'checks without a cache');
    },
  },
  {
    name: 'verifyAgentToken() remembers no refusal, and forgets no good token for bad ones',
    run: async () => {
      const { token, verifierWith, claims, header, stranger } = await world();
      const verifier = await verifierWith({ cache: { maxEntries: 4 } });
      await warm(verifier);
      const bad = await Promise.all(
        Array.from({ length: 50 }, (_, at) =>
          sign(stranger.privateKey, header, change(claims, { jti: `${at}` })),
        ),
      );
      for (const forged of bad) await refused(verifier, forged, 'signature_invalid');
      equal(await countSignatures(async () => void (await verifier.verifyAgentToken(token))), 0);
    },
  },
  {
    name: 'verifyAgentToken() holds a bounded number of tokens',
    run: async () => {
      const { verifierWith, withClaims } = await world();
      const verifier = await verifierWith({ cache: { maxEntries: 4 } });
      const tokens = await Promise.all(
        Array.from({ length: 40 }, (_, at) => withClaims({ jti: `${at}` })),
      );
      for (const token of tokens) await verifier.verifyAgentToken(token);
      const again = await countSignatures(async () => {
        for (const token of tokens) await verifier.verifyAgentToken(token);
      });
      // At most twice the limit is remembered, however they are asked for.
      equal(again >= 32, true, 'forgotten tokens');
      const last = await countSignatures(async () => {
        for (const token of tokens.slice(-4)) await verifier.verifyAgentToken(token);
      });
      equal(last, 0, 'the last four are remembered');
    },
  },
  {
    name: 'verifyAgentToken() rejects a remembered token whose key was removed or exchanged',
    run: async () => {
      const keys = await switchable();
      const verifier = createVerifier({ keys, clock });
      const token = await warm(verifier);
      const { current } = keys;
      keys.current = undefined;
      await refused(verifier, token, 'key_unknown');
      const { kid } = await keyOf('ES256', 'trusted');
      const other = await keyOf('ES256', 'stranger');
      keys.current = await localKeys({ ...other.publicJwk, kid });
      await refused(verifier, token, 'signature_invalid');
      keys.current = current;
      await verifier.verifyAgentToken(token);
    },
  },
  {
    name: 'verifyAgentToken() rejects a remembered token at once when it is revoked, and takes it back',
    run: async () => {
      const { verifierWith } = await world();
      let answer: boolean | Promise<boolean> = false;
      const verifier = await verifierWith({ revocation: { isRevoked: () => answer } });
      const token = await warm(verifier);
      answer = true;
      await refused(verifier, token, 'token_revoked');
      answer = Promise.resolve(true);
      await refused(verifier, token, 'token_revoked');
      answer = Promise.reject(new Error('down'));
      await refused(verifier, token, 'revocation_unavailable');
      answer = Promise.resolve(false);
      await verifier.verifyAgentToken(token);
    },
  },
  {
    name: 'verifyAgentToken() rejects a remembered token once its time has passed, never earlier',
    run: async () => {
      const { verifierWith, token } = await world();
      const time = movableClock(now + 839);
      const verifier = await verifierWith({ clock: time.read, clockTolerance: 0 });
      await verifier.verifyAgentToken(token);
      time.set(now + 840);
      await refused(verifier, token, 'token_expired');
      time.set(now + 841);
      await refused(verifier, token, 'token_expired');
    },
  },
  {
    name: 'verifyAgentToken() knows a token by its whole text, not by its signature or identity',
    run: async () => {
      const { verifierWith, withClaims } = await world();
      const verifier = await verifierWith({});
      const [header, payload, signature] = split(await warm(verifier));
      const [, other] = split(await withClaims({ sub: 'admin', client_id: 'admin' }));
      await refused(verifier, `${header}.${other}.${signature}`, 'signature_invalid');
      const last = signature.endsWith('AA') ? 'BA' : 'AA';
      const altered = `${signature.slice(0, -2)}${last}`;
      await refused(verifier, `${header}.${payload}.${altered}`, 'signature_invalid');
      await refused(verifier, `${header}.${payload}.${signature}=`, 'token_malformed');
      await refused(verifier, `${header}.${payload}.`, 'signature_invalid');
    },
  },
  {
    name: 'verifyAgentToken() shares no verdict between two policies',
    run: async () => {
      const { verifierWith } = await world();
      const keys = await switchable();
      const lax = createVerifier({ keys, clock });
      const token = await warm(lax);
      await refused(createVerifier({ keys, clock, audience: 'other' }), token, 'audience_mismatch');
      await refused(createVerifier({ keys, clock, issuer: 'other' }), token, 'issuer_not_trusted');
      await refused(createVerifier({ keys, clock, tiers: ['power'] }), token, 'claim_malformed');
      await refused(createVerifier({ keys, clock, maxLifetime: 60 }), token, 'lifetime_too_long');
      await refused(await verifierWith({ algorithms: ['RS256'] }), token, 'alg_not_allowed');
      await lax.verifyAgentToken(token);
    },
  },
  {
    name: 'verifyAgentToken() asks for the proof of a remembered bound token each time',
    run: async () => {
      const { key, withClaims, verifierWith } = await world();
      const token = await withClaims({ cnf: { jkt: key.kid } });
      const verifier = await verifierWith({});
      const url = 'https://bus.example/whoami';
      const fresh = async () => ({
        proof: await createDpopProof({ key, method: 'GET', url, token, clock }),
        method: 'GET',
        url,
      });
      const options = await fresh();
      await verifier.verifyAgentToken(token, options);
      await refused(verifier, token, 'proof_required');
      const replayed = await verifier.checkAgentToken(token, options);
      equal(!replayed.ok && replayed.error.code, 'proof_replayed', 'code of the same proof');
      await verifier.verifyAgentToken(token, await fresh());
      equal((await verifier.verifyAgentToken(token, { proof: null })).jkt, key.kid, 'jkt');
    },
  },
];

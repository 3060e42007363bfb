// DPoP proofs: RFC 9449's own, controls, edges of time, mistakes of the caller, once only, nonces

import { base64url } from 'jose';
import {
  createDpopProof,
  memoryReplayGuard,
  verifyDpopProof,
  type DpopExpectations,
} from '../../../src/index.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { sha256, split } from '../support/forge.ts';
import { rejectsWithTypeError } from '../support/mutations.ts';
import { accessToken, held, proofRefused, proofWith, request } from '../support/proofs.ts';
import { clock, keyOf, now } from '../support/world.ts';

// RFC 9449 section 4.1 (Figure 2), and section 7.1 (Figure 12) with its access token and hash.
const printedHeader =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19';
const tokenProof = `${printedHeader}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg`;
const resourceProof = `${printedHeader}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA`;
const printedToken = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU';
const printedJkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
const printedIat = 1562262616;

const tokenRequest = { method: 'POST', url: 'https://server.example.com/token' };
const resourceRequest = {
  method: 'GET',
  url: 'https://resource.example.org/protectedresource',
  token: printedToken,
};

/** An edge of time: what the claims say, and the member that refuses. */
const edges: readonly (readonly [
  name: string,
  claims: object,
  tolerance: number,
  member?: string,
])[] = [
  ['iat 59 s ago', { iat: now - 59 }, 5],
  ['iat 60 s ago', { iat: now - 60 }, 5, 'iat'],
  ['iat ahead by the tolerance', { iat: now + 5 }, 5],
  ['iat ahead by more', { iat: now + 6 }, 5, 'iat'],
  ['iat ahead without tolerance', { iat: now + 1 }, 0, 'iat'],
  ['iat now without tolerance', { iat: now }, 0],
  ['exp in the tolerance', { exp: now - 4 }, 5],
  ['exp at the tolerance', { exp: now - 5 }, 5, 'exp'],
  ['exp now without tolerance', { exp: now }, 0, 'exp'],
  ['nbf in the tolerance', { nbf: now + 5 }, 5],
  ['nbf past the tolerance', { nbf: now + 6 }, 5, 'nbf'],
];

/** Mistakes in what a proof is held against: none of them may switch a check off. */
const mistakes: readonly (readonly [option: string, value: unknown])[] = [
  ['tokn', accessToken],
  ['thumbprint', 'x'],
  ...['token', 'jkt', 'isNonce', 'replay', 'algorithms', 'clockTolerance', 'clock'].map(
    (option) => [option, undefined] as const,
  ),
  ...[[], 'ES256', ['none'], ['HS256'], [undefined]].map((value) => ['algorithms', value] as const),
  ...[-1, NaN, Infinity, 61, '5'].map((value) => ['clockTolerance', value] as const),
  ...[{}, true, null].map((value) => ['replay', value] as const),
  ...['', undefined, 1].map((value) => ['method', value] as const),
];

export const cases: readonly ContractCase[] = [
  {
    name: 'verifyDpopProof() accepts the proofs of RFC 9449 at their iat',
    run: async () => {
      const at = { clock: () => printedIat + 2 };
      const proof = await verifyDpopProof(tokenProof, { ...tokenRequest, ...at });
      deepEqual(
        proof,
        {
          jkt: printedJkt,
          jti: '-BwC3ESc6acc2lTc',
          issuedAt: printedIat,
          expiresAt: printedIat + 60,
        },
        'proof',
      );
      await verifyDpopProof(resourceProof, { ...resourceRequest, ...at, jkt: printedJkt });
    },
  },
  {
    name: 'verifyDpopProof() rejects the proofs of RFC 9449 today, and for each other',
    run: async () => {
      const today = verifyDpopProof(tokenProof, tokenRequest);
      await rejectsWithCode(today, 'proof_invalid');
      const at = { clock: () => printedIat + 2 };
      const swapped = verifyDpopProof(resourceProof, { ...tokenRequest, ...at });
      await rejectsWithCode(swapped, 'proof_invalid');
      const withToken = { ...tokenRequest, ...at, token: printedToken };
      await rejectsWithCode(verifyDpopProof(tokenProof, withToken), 'proof_invalid');
    },
  },
  {
    name: 'createDpopProof() hashes the access token of RFC 9449 as printed',
    run: async () =>
      equal(await sha256(printedToken), 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo', 'ath'),
  },
  {
    name: 'verifyDpopProof() accepts C8: unknown header members and claims',
    run: async () => {
      const proof = await proofWith({ header: { trace: 1, x5t: 'AAAA' }, claims: { more: [1] } });
      equal((await held(proof)).jti, 'e1j3V_bKic8-LAEB', 'jti');
    },
  },
  {
    name: 'verifyDpopProof() accepts a kid that is the thumbprint, and members that a JWK may have',
    run: async () => {
      const { kid, publicJwk } = await keyOf('ES256', 'proof');
      await held(await proofWith({ header: { kid } }));
      await held(await proofWith({ header: { jwk: publicJwk } }));
    },
  },
  {
    name: 'verifyDpopProof() accepts Ed25519, and other algorithms where they are named',
    run: async () => {
      for (const alg of ['Ed25519', 'ES384', 'PS256'] as const) {
        const key = await keyOf(alg, 'proof');
        const proof = await createDpopProof({ key, ...request, clock });
        const expected: DpopExpectations = { ...request, clock };
        if (alg === 'Ed25519') equal((await verifyDpopProof(proof, expected)).jkt, key.kid, 'jkt');
        else await rejectsWithCode(verifyDpopProof(proof, expected), 'proof_invalid');
        const named = await verifyDpopProof(proof, { ...expected, algorithms: [alg] });
        equal(named.jkt, key.kid, 'jkt');
      }
    },
  },
  ...edges.map(([name, claims, clockTolerance, member]): ContractCase => ({
    name: `verifyDpopProof() ${member === undefined ? 'accepts' : 'rejects'} ${name}`,
    run: async () => {
      const proof = await proofWith({ claims: { ...claims } });
      if (member !== undefined) return proofRefused(proof, member, { clockTolerance });
      return void (await held(proof, { clockTolerance }));
    },
  })),
  ...mistakes.map(([option, value]): ContractCase => ({
    name: `verifyDpopProof() refuses the mistake ${option}: ${JSON.stringify(value)}`,
    run: async () => {
      const expected: object = { [option]: value };
      await rejectsWithTypeError(held(await proofWith(), expected), `"${option}"`);
    },
  })),
  {
    name: 'verifyDpopProof() lets a proof through once, in whatever spelling, for each key apart',
    run: async () => {
      const replay = memoryReplayGuard({ clock });
      const proof = await proofWith();
      await held(proof, { replay });
      await rejectsWithCode(held(proof, { replay }), 'proof_replayed');
      // Signed again: another string, the same jti and key.
      await rejectsWithCode(held(await proofWith(), { replay }), 'proof_replayed');
      const [header, payload, tail] = split(proof);
      const bytes = base64url.decode(tail);
      const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
      const s = order - BigInt(`0x${hex(bytes.subarray(32))}`);
      const other = Uint8Array.from(s.toString(16).padStart(64, '0').match(/../g) ?? [], (pair) =>
        Number.parseInt(pair, 16),
      );
      bytes.set(other, 32);
      const alias = `${header}.${payload}.${base64url.encode(bytes)}`;
      await rejectsWithCode(held(alias, { replay }), 'proof_replayed');
      const jwk = (await keyOf('ES256', 'stranger')).publicJwk;
      const foreign = await proofWith({ header: { jwk }, signer: 'stranger' });
      await held(foreign, { replay, jkt: jwk.kid });
    },
  },
  {
    name: 'verifyDpopProof() uses no proof up that it refuses, and refuses when the guard fails',
    run: async () => {
      let uses = 0;
      const replay = {
        use: (): never => {
          uses++;
          throw new Error('down');
        },
      };
      await proofRefused(proofWith({ claims: { htm: 'POST' } }), 'htm', { replay });
      equal(uses, 0, 'uses');
      await rejectsWithCode(held(await proofWith(), { replay }), 'proof_replayed');
    },
  },
  {
    name: 'verifyDpopProof() requires a nonce that is exactly recognised',
    run: async () => {
      const isNonce = (nonce: string): boolean => nonce === 'good';
      await held(await proofWith({ claims: { nonce: 'good' } }), { isNonce });
      for (const nonce of [undefined, 'old', '', 0, null, ['good']]) {
        const proof = await proofWith({ claims: { nonce } });
        await rejectsWithCode(held(proof, { isNonce }), 'proof_nonce_required');
      }
      const proof = await proofWith({ claims: { nonce: 'good' } });
      for (const answer of [false, undefined, 1, 'true', {}]) {
        const odd = { isNonce: () => answer as boolean };
        await rejectsWithCode(held(proof, odd), 'proof_nonce_required');
      }
      const failing = { isNonce: () => Promise.reject(new Error('down')) };
      await rejectsWithCode(held(proof, failing), 'proof_nonce_required');
      const invalid = proofWith({ claims: { nonce: 'good', htm: 'POST' } });
      await proofRefused(invalid, 'htm', { isNonce });
    },
  },
];

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

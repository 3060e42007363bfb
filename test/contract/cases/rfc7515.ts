// RFC 7515 appendix A.3: a JWS with ES256, and what one changed bit does to it
// Source: https://www.rfc-editor.org/rfc/rfc7515#appendix-A.3

import { compactVerify, CompactSign, errors, importJWK } from 'jose';
import { deepEqual, equal, rejectsWith, rejectsWithCode, type ContractCase } from '../case.ts';

const publicJwk = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
} as const;

const privateJwk = { ...publicJwk, d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI' } as const;

const header = 'eyJhbGciOiJFUzI1NiJ9';
const payload =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
const signature =
  'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';

const claims = { iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true };

export const cases: readonly ContractCase[] = [
  {
    name: 'A.3 ES256 verifies as printed',
    run: async () => {
      const key = await importJWK(publicJwk, 'ES256');
      const verified = await compactVerify(`${header}.${payload}.${signature}`, key);
      equal(verified.protectedHeader.alg, 'ES256', 'alg');
      deepEqual(JSON.parse(new TextDecoder().decode(verified.payload)), claims, 'payload');
    },
  },
  {
    name: 'A.3 ES256 with one bit of the signature changed is refused',
    run: async () => {
      const key = await importJWK(publicJwk, 'ES256');
      const changed = `E${signature.slice(1)}`;
      const verdict = compactVerify(`${header}.${payload}.${changed}`, key);
      await rejectsWith(verdict, errors.JWSSignatureVerificationFailed);
    },
  },
  {
    name: 'A.3 ES256 with one bit of the payload changed is refused',
    run: async () => {
      const key = await importJWK(publicJwk, 'ES256');
      const verdict = compactVerify(`${header}.f${payload.slice(1)}.${signature}`, key);
      await rejectsWithCode(verdict, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
    },
  },
  {
    name: 'A.3 the printed private key makes signatures that the printed public key verifies',
    run: async () => {
      const printed = new TextEncoder().encode(JSON.stringify(claims));
      const signer = await importJWK(privateJwk, 'ES256');
      const jws = await new CompactSign(printed).setProtectedHeader({ alg: 'ES256' }).sign(signer);
      const verified = await compactVerify(jws, await importJWK(publicJwk, 'ES256'));
      deepEqual(verified.payload, printed, 'payload');
    },
  },
];

// The signatures that the RFCs print, through the library's own keys and pipeline
// Sources: https://www.rfc-editor.org/rfc/rfc7515#appendix-A.2 and A.3, https://www.rfc-editor.org/rfc/rfc7520#section-4.1

import { compactVerify } from 'jose';
import { createVerifier, localKeys, type SigningAlgorithm } from '../../../src/index.ts';
import { equal, rejectsWithCode, type ContractCase } from '../case.ts';

const payload =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

interface Printed {
  readonly name: string;
  readonly alg: SigningAlgorithm;
  readonly jwk: Readonly<Record<string, string>>;
  readonly header: string;
  readonly signature: string;
}

const printed: readonly Printed[] = [
  {
    name: 'RFC 7515 A.2 (RS256)',
    alg: 'RS256',
    jwk: {
      kty: 'RSA',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    },
    header: 'eyJhbGciOiJSUzI1NiJ9',
    signature:
      'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
  },
  {
    name: 'RFC 7515 A.3 (ES256)',
    alg: 'ES256',
    jwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    header: 'eyJhbGciOiJFUzI1NiJ9',
    signature:
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
  },
];

async function verify({ alg, jwk }: Printed, token: string): Promise<unknown> {
  const verifier = createVerifier({
    keys: await localKeys(jwk, alg),
    issuer: 'joe',
    audience: null,
    profile: 'engine',
    algorithms: [alg],
  });
  return verifier.verifyAgentToken(token);
}

const cookbook = {
  jwk: {
    kty: 'RSA',
    n: 'n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw',
    e: 'AQAB',
    kid: 'bilbo.baggins@hobbiton.example',
    use: 'sig',
  },
  jws: [
    'eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9',
    'SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4',
    'MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg',
  ],
};

export const cases: readonly ContractCase[] = [
  ...printed.flatMap((vector): ContractCase[] => [
    {
      // The example has no `iat`: to say so, the pipeline must have verified its signature
      name: `${vector.name}: the printed signature verifies, and only then its claims are missed`,
      run: () =>
        rejectsWithCode(
          verify(vector, `${vector.header}.${payload}.${vector.signature}`),
          'claim_missing',
        ),
    },
    {
      name: `${vector.name}: a changed signature is refused before the claims are looked at`,
      run: () =>
        rejectsWithCode(
          verify(vector, `${vector.header}.${payload}.A${vector.signature.slice(1)}`),
          'signature_invalid',
        ),
    },
  ]),
  {
    name: 'RFC 7520 4.1: the printed key is found by its kid, and verifies what it signed',
    run: async () => {
      const keys = await localKeys(cookbook.jwk, 'RS256');
      const { key } = await keys.find({ alg: 'RS256', kid: cookbook.jwk.kid });
      const { payload: text } = await compactVerify(cookbook.jws.join('.'), key);
      equal(new TextDecoder().decode(text).startsWith('It’s a dangerous business'), true);
    },
  },
];

// Tokens that a page is given to verify: what each is, and the code that must be shown

import { base64url, CompactSign, SignJWT } from 'jose';
import { mintHop } from '../hops.ts';
import { boundTo, makeKey, mintToken, type TestKey } from '../tokens.ts';

/** One line to paste, and what the page must say. */
export interface PastedToken {
  readonly what: string;
  readonly line: string;
  readonly says: string;
}

/** Text that could be markup, move its neighbours, or speak to a terminal. */
export const hostileText =
  '<img src=x onerror="pwned=1"><b class=pwned>\u202Eevil\u001B[31m\u0007\u200B';

const encode = (value: unknown): string =>
  base64url.encode(typeof value === 'string' ? value : JSON.stringify(value));

const seconds = (): number => Math.floor(Date.now() / 1000);

/** Signs a payload exactly as it is written. */
async function signText(key: TestKey, payload: string): Promise<string> {
  const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid };
  return new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader(header)
    .sign(key.privateKey);
}

/** The table, for an issuer with this key and the audience `swarm-bus`. */
export async function hostileTokens(issuer: string, key: TestKey): Promise<readonly PastedToken[]> {
  const mint = (header: object, claims: object, by = key): Promise<string> =>
    mintToken(by, issuer, 'worker', 'bus:publish', {
      header: { ...header },
      claims: { ...claims },
    });
  const good = await mint({}, {});
  const [head = '', body = '', signature = ''] = good.split('.');
  const stranger = await makeKey();
  const [owner, delegate] = [await makeKey(), await makeKey()];
  const bound = await mint({}, { ...boundTo(owner), dlg_max: 1 });
  const hop = (scope: string, parent = bound): Promise<string> =>
    mintHop(parent, owner, { to: 'helper', key: delegate, scope });
  const claims = JSON.parse(new TextDecoder().decode(base64url.decode(body))) as object;
  const twice = JSON.stringify(claims).replace('"sub"', '"sub":"admin","sub"');
  const publicKeyAsSecret = new TextEncoder().encode(JSON.stringify(key.publicJwk));
  const rows: readonly (readonly [what: string, line: string, code: string])[] = [
    ['alg none', `${encode({ alg: 'none', typ: 'at+jwt' })}.${body}.`, 'alg_not_allowed'],
    [
      'the public key as a shared secret',
      await new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })
        .sign(publicKeyAsSecret),
      'alg_not_allowed',
    ],
    ['another key under its name', await mint({ kid: key.kid }, {}, stranger), 'signature_invalid'],
    ['a key that nobody published', await mint({}, {}, stranger), 'key_unknown'],
    [
      'another payload',
      `${head}.${encode({ ...claims, sub: 'admin' })}.${signature}`,
      'signature_invalid',
    ],
    ['a key in the header', await mint({ jwk: key.publicJwk }, {}), 'header_not_allowed'],
    ['the type of another token', await mint({ typ: 'dpop+jwt' }, {}), 'typ_not_allowed'],
    ['expired', await mint({}, { iat: seconds() - 900, exp: seconds() - 60 }), 'token_expired'],
    ['not valid yet', await mint({}, { nbf: seconds() + 600 }), 'token_not_active'],
    ['a lifetime of a day', await mint({}, { exp: seconds() + 86_400 }), 'lifetime_too_long'],
    ['another issuer', await mint({}, { iss: `${issuer}.evil` }), 'issuer_not_trusted'],
    ['another audience', await mint({}, { aud: 'elsewhere' }), 'audience_mismatch'],
    ['no subject', await mint({}, { sub: undefined }), 'claim_missing'],
    ['a subject of controls', await mint({}, { sub: hostileText }), 'claim_malformed'],
    ['a scope that is none', await mint({}, { scope: 'bus:*' }), 'claim_malformed'],
    ['two subjects', await signText(key, twice), 'token_malformed'],
    ['padding', `${good}=`, 'token_malformed'],
    ['four parts', `${good}.x`, 'token_malformed'],
    ['no token', 'hello', 'token_malformed'],
    ['too large', await mint({}, { fill: 'x'.repeat(3000) }), 'token_too_large'],
    ['a hop that widens', `${bound} ${await hop('admin:write')}`, 'delegation_widened'],
    [
      'a hop of another token',
      `${bound} ${await hop('bus:publish', good)}`,
      'delegation_malformed',
    ],
  ];
  return [
    { what: 'a good token', line: good, says: 'Valid: worker' },
    { what: 'as a header', line: `Authorization: Bearer ${good}`, says: 'Valid: worker' },
    { what: 'a good chain', line: `${bound} ${await hop('bus:publish')}`, says: 'Valid: worker' },
    ...rows.map(([what, line, code]) => ({ what, line, says: `Refused: ${code}` })),
  ];
}

// Nested tokens: signed first, then encrypted, one level deep (RFC 7519 sections 5.2 and 11.2).

import { decodeBase64url } from '../token/base64url.ts';
import { openText, sealText, undecryptable, type Purpose } from './core.ts';
import { readHeader } from './jwe_format.ts';
import { isNestedType } from './purposes.ts';
import { coreOf, type Sealer } from './sealer.ts';

const nested: Purpose = {
  header: { typ: 'JWT', cty: 'JWT' },
  accepts: ({ cty }) => isNestedType(cty),
};

/**
 * Encrypts a signed token, so that only the holder of the key can read its claims.
 *
 * Does not verify the token. Only a compact JWS with a `typ` of its own is taken, and only one
 * level: neither a JWE nor a JWS that itself holds a token.
 *
 * @param token A signed token.
 * @param sealer A sealer that encrypts.
 * @returns a compact JWE with `cty: JWT`.
 * @throws TypeError for anything but such a token, or for a sealer that only decrypts.
 * @example
 * ```ts
 * import { createIssuer, createSealer, generateSigningKey, openToken, sealToken } from 'swarmgate';
 *
 * const issuer = createIssuer({ key: await generateSigningKey() });
 * const token = await issuer.issueAgentToken({ sub: 'planner', tier: 'fast', scope: [] });
 * const sealer = createSealer({ key: crypto.getRandomValues(new Uint8Array(32)) });
 * const inner = await openToken(await sealToken(token, sealer), sealer);
 * if (inner !== token) throw new Error('unexpected');
 * ```
 * @see RFC 7519 sections 5.2 and 11.2
 */
export async function sealToken(token: string, sealer: Sealer): Promise<string> {
  const core = coreOf(sealer);
  if (!isSignedToken(token)) {
    throw new TypeError('Only a compact JWS with a "typ", and without a "cty", can be nested');
  }
  return sealText(core, token, nested);
}

/**
 * Decrypts a nested token and hands back the signed token that was inside.
 *
 * Verifies nothing: the result is a string for `verifyAgentToken`, not an identity. That it could be
 * decrypted says nothing of who made it.
 *
 * @param jwe The compact JWE.
 * @param sealer A sealer that decrypts.
 * @returns the inner compact JWS, not verified.
 * @throws TokenError `payload_undecryptable` for everything else, whatever is wrong with it;
 * TypeError for a sealer that only encrypts.
 * @example
 * ```ts
 * import { createSealer, openToken } from 'swarmgate';
 *
 * const sealer = createSealer({ key: crypto.getRandomValues(new Uint8Array(32)) });
 * const outcome = await openToken('not a token', sealer).catch((error) => error.code);
 * if (outcome !== 'payload_undecryptable') throw new Error('unexpected');
 * ```
 * @see RFC 7519 sections 5.2, 7.2 and 11.2
 */
export async function openToken(jwe: string, sealer: Sealer): Promise<string> {
  const inner = await openText(coreOf(sealer), jwe, nested);
  if (!isSignedToken(inner)) throw undecryptable();
  return inner;
}

/** A compact JWS whose header names its `typ` (RFC 8725 section 3.11) and no content type. */
function isSignedToken(token: unknown): boolean {
  if (typeof token !== 'string') return false;
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 0 || second < 0 || token.includes('.', second + 1)) return false;
  const signature = decodeBase64url(token.slice(second + 1));
  if (signature === undefined || signature.length === 0) return false;
  if (decodeBase64url(token.slice(first + 1, second)) === undefined) return false;
  const header = readHeader(token.slice(0, first));
  return header !== undefined && typeof header['typ'] === 'string' && !Object.hasOwn(header, 'cty');
}

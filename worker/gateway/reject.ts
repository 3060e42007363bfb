// Rejects: any refusal or failure becomes one uniform answer, with text from the table alone.

import { challengeFor, errorCodes, TokenError, type ErrorCode } from '../../src/verify/index.ts';
import { logError } from '../observe/log.ts';
import type { Headed } from '../respond.ts';

/** What an answer says besides its code. */
export interface RejectContext {
  readonly publicUrl: string;
  /** The path of the resource's metadata, where that is not the gateway's own. */
  readonly resourcePath?: string | undefined;
  /** The scopes that the route, or the very request, needs. */
  readonly scope?: string | readonly string[] | undefined;
  /** The scheme that the token came under. */
  readonly scheme?: 'Bearer' | 'DPoP' | undefined;
  /** The methods that the route has. */
  readonly allow?: readonly string[] | undefined;
  /** What this very refusal adds, or says more exactly than the table. */
  readonly headers?: Headed | undefined;
}

/** Seconds after which trying again makes sense. */
const retryAfter: Partial<Record<ErrorCode, number>> = {
  rate_limited: 5,
  bus_unavailable: 2,
  key_unavailable: 2,
  revocation_unavailable: 2,
};
const proofAlgorithms = ['ES256', 'Ed25519'];

/** The code of whatever was thrown. What nobody expected is logged, without its message. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof TokenError) return error.code;
  logError('unexpected_exception', {
    exception: error instanceof Error ? error.constructor.name : typeof error,
  });
  return 'bus_unavailable';
}

/** The answer to a refused request. */
export function reject(code: ErrorCode, context: RejectContext): Response {
  const { status, error = code, description } = errorCodes[code];
  const headers = new Headers({
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  const challenge = challengeFor(code, {
    resourceMetadata: `${context.publicUrl}/.well-known/oauth-protected-resource${context.resourcePath ?? ''}`,
    algs: proofAlgorithms,
    ...(context.scope === undefined ? {} : { scope: context.scope }),
    ...(context.scheme === 'DPoP' ? { scheme: 'DPoP' } : {}),
  });
  if (challenge !== undefined) headers.set('WWW-Authenticate', challenge);
  if (code === 'method_not_allowed') headers.set('Allow', (context.allow ?? []).join(', '));
  const seconds = retryAfter[code];
  if (seconds !== undefined) headers.set('Retry-After', String(seconds));
  for (const [name, value] of Object.entries(context.headers ?? {})) headers.set(name, value);
  const body = { error, error_description: description, code };
  return new Response(JSON.stringify(body), { status, headers });
}

/** The answer of a gateway whose configuration is wrong: it verifies nothing and says nothing. */
export function unavailable(): Response {
  return reject('key_unavailable', { publicUrl: '' });
}

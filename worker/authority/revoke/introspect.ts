// POST /introspect (RFC 7662): what a token says, told to its client, to those it is for, and to operators.

import { SignJWT } from 'jose';
import type { VerifiedAgent } from '../../../src/verify/index.ts';
import { clientWho } from '../../observe/decision.ts';
import { json } from '../../respond.ts';
import type { Call } from '../../route.ts';
import { authenticateOnce } from '../token/client_request.ts';
import type { AuthorityContext } from '../context.ts';
import { readForm } from '../http/form.ts';
import { oauthError } from '../http/oauth_error.ts';
import type { RateWindow } from '../http/rate_window.ts';
import type { Registration } from '../agent/registration.ts';

/** RFC 9701 section 5. */
const signedType = 'application/token-introspection+jwt';
// Section 2.2 of RFC 7662: no word on why
const inactive = { active: false };

function mayKnow(caller: Registration, { agentId, claims }: VerifiedAgent): boolean {
  const audience = [claims.aud].flat();
  return (
    agentId === caller.id || audience.includes(caller.id) || caller.scope.includes('admin:read')
  );
}

function describe({ scope, tier, tokenId, sessionId, claims, jkt }: VerifiedAgent): object {
  return {
    active: true,
    iss: claims.iss,
    sub: claims.sub,
    client_id: claims.client_id,
    aud: claims.aud,
    scope: scope.join(' '),
    exp: claims.exp,
    iat: claims.iat,
    jti: tokenId,
    sid: sessionId,
    tier,
    token_type: jkt === undefined ? 'Bearer' : 'DPoP',
    cnf: claims.cnf,
    act: claims.act,
  };
}

/** RFC 9701 section 5: the answer as a JWT for the caller, whose `typ` makes it no access token. */
async function signed(
  introspection: object,
  caller: Registration,
  { config, keys, now }: AuthorityContext,
): Promise<Response> {
  const { kid, alg, privateKey } = await keys.signer();
  const jwt = await new SignJWT({ token_introspection: introspection })
    .setProtectedHeader({ alg, kid, typ: 'token-introspection+jwt' })
    .setIssuer(config.issuer)
    .setAudience(caller.id)
    .setIssuedAt(Math.floor(now() / 1000))
    .sign(privateKey);
  return new Response(jwt, {
    headers: {
      'Content-Type': signedType,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/**
 * Answers what the gateway would find of a token now: the same verifier, the same view of
 * revocation. `guesses` counts what each client asks for in vain.
 */
export async function serveIntrospect(
  request: Request,
  call: Call,
  context: AuthorityContext,
  guesses: RateWindow,
): Promise<Response> {
  call.note({ action: 'token:introspect' });
  const form = await readForm(request);
  if ('refused' in form) return oauthError(form.refused);
  const client = await authenticateOnce(form, request, context);
  if ('refused' in client) {
    call.note({ code: client.refused });
    return oauthError(client.refused);
  }
  call.note({ who: clientWho(client.registration.id, context.config.issuer) });
  const token = form.get('token');
  if (token === undefined) return oauthError('invalid_request');
  const { registration: caller } = client;
  if (guesses.isSpent(caller.id)) return oauthError('rate_limited');

  const found = await context.tokens.inspect(token);
  if (!found.ok && found.error.status === 503) return oauthError('unavailable');
  const isTheirs =
    found.ok && found.value.issuer === context.config.issuer && mayKnow(caller, found.value);
  if (isTheirs) call.note({ resource: found.value.tokenId });
  else guesses.spend(caller.id);
  const introspection = isTheirs ? describe(found.value) : inactive;
  const accepted = (request.headers.get('accept') ?? '').split(',');
  const wantsJwt = accepted.some((type) => type.split(';')[0]?.trim().toLowerCase() === signedType);
  return wantsJwt ? signed(introspection, caller, context) : json(introspection);
}

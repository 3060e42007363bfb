// POST /revoke (RFC 7009): a client ends a token of its own, an operator any token.

import { authorize, TokenError, type VerifiedAgent } from '../../../src/verify/index.ts';
import { clientWho } from '../../observe/decision.ts';
import type { Call } from '../../route.ts';
import { authenticateOnce } from '../token/client_request.ts';
import type { AuthorityContext } from '../context.ts';
import { readForm, type Form } from '../http/form.ts';
import { oauthError, type ClientRefusal } from '../http/oauth_error.ts';
import { lastAcceptance, longestLife, recordRevocation } from './revocations.ts';

/** Who asks, and which tokens that one may end. */
interface Asker {
  readonly id: string;
  readonly mayRevoke: (token: VerifiedAgent) => boolean;
}

async function asOperator(
  request: Request,
  { url }: Call,
  { config, tokens }: AuthorityContext,
): Promise<Asker> {
  const agent = await tokens.present(request, url, (found) => {
    if (found.jkt === undefined) throw new TokenError('proof_required');
    if (found.issuer !== config.issuer) throw new TokenError('scope_insufficient');
    authorize(found, 'admin:write');
  });
  return { id: agent.agentId, mayRevoke: () => true };
}

async function asClient(
  form: Form,
  request: Request,
  context: AuthorityContext,
): Promise<Asker | ClientRefusal> {
  const client = await authenticateOnce(form, request, context);
  if ('refused' in client) return client;
  const { id } = client.registration;
  return {
    id,
    mayRevoke: ({ issuer, agentId, subjectId }) =>
      issuer === context.config.issuer && (agentId === id || subjectId === id),
  };
}

/**
 * Revokes one token by its `jti`. Whatever is no token, has expired, or is not the asker's, is
 * answered as a token that was revoked (RFC 7009 section 2.2); `token_type_hint` changes nothing.
 * With `revoke_session=true`, a parameter of our own, the token's whole session ends.
 */
export async function serveRevoke(
  request: Request,
  call: Call,
  context: AuthorityContext,
): Promise<Response> {
  call.note({ action: 'token:revoke' });
  const form = await readForm(request);
  if ('refused' in form) return oauthError(form.refused);
  const isOperator = request.headers.has('authorization') && !form.has('client_assertion');
  const asker = isOperator
    ? await asOperator(request, call, context)
    : await asClient(form, request, context);
  if ('refused' in asker) {
    call.note({ code: asker.refused });
    return oauthError(asker.refused);
  }
  call.note({ who: clientWho(asker.id, context.config.issuer) });
  const token = form.get('token');
  if (token === undefined) return oauthError('invalid_request');
  return revoke(token, form.get('revoke_session') === 'true', asker, { ...context, call });
}

async function revoke(
  token: string,
  wholeSession: boolean,
  asker: Asker,
  context: AuthorityContext & { readonly call: Call },
): Promise<Response> {
  const { bindings, config, tokens, now, call } = context;
  const done = new Response(null, { headers: { 'Cache-Control': 'no-store' } });
  const found = await tokens.identify(token);
  // Section 2.2.1: the client then knows that its token still lives
  if (!found.ok) return found.error.status === 503 ? oauthError('unavailable') : done;
  const { issuer, tokenId, sessionId, expiresAt } = found.value;
  const second = Math.ceil(now() / 1000);
  if (!asker.mayRevoke(found.value)) return done;
  const ended = wholeSession ? sessionId : undefined;
  const value = ended ?? tokenId;
  // An older issuer's token without an id: only its agent, key or age can be revoked
  if (value === undefined) return oauthError('invalid_request');
  call.note({ resource: value });
  try {
    await recordRevocation(bindings, config, {
      kind: ended === undefined ? 'token' : 'session',
      value,
      issuer,
      // Another token of the session may have been issued a moment ago
      expiresAt: Math.max(
        lastAcceptance(ended === undefined ? expiresAt : second + longestLife),
        second + 1,
      ),
      by: asker.id,
    });
    return done;
  } catch {
    return oauthError('unavailable');
  }
}

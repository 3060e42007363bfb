// POST /token: the token endpoint (RFC 6749 section 3.2), a table of grants behind one client authentication.

import { TokenError } from '../../../src/verify/index.ts';
import { clientWho } from '../../observe/decision.ts';
import type { Note } from '../../observe/watch.ts';
import { json } from '../../respond.ts';
import type { Call, Route } from '../../route.ts';
import { authenticateClient } from './client_authentication.ts';
import { clientCredentials } from './client_credentials.ts';
import type { AuthorityContext } from '../context.ts';
import { tokenExchange } from './exchange.ts';
import { readForm } from '../http/form.ts';
import type { Grant, GrantOutcome } from './grant.ts';
import { oauthError, type ClientRefusal } from '../http/oauth_error.ts';
import { readProof } from './token_proof.ts';

const grants: ReadonlyMap<string, Grant> = new Map([
  ['client_credentials', clientCredentials],
  ['urn:ietf:params:oauth:grant-type:token-exchange', tokenExchange],
]);

/** The grants that metadata names. */
export const grantTypes: readonly string[] = [...grants.keys()];

/** The rows of the token endpoint. */
export function tokenRoutes(context: AuthorityContext): readonly Route[] {
  return [
    {
      path: '/token',
      methods: { POST: { open: (request, call) => serveToken(request, call, context) } },
    },
    {
      // There for clients whose metadata schema insists on the endpoint: it grants nothing
      path: '/authorize',
      methods: { GET: { open: () => oauthError('unsupported_response_type') } },
    },
  ];
}

interface Answer {
  readonly outcome: GrantOutcome | ClientRefusal;
  /** The client, as soon as it is authenticated: it may hear a nonce. */
  readonly clientId?: string;
  readonly action?: 'token:issue' | 'token:exchange';
}

/** What the audit log keeps of it. */
function noteOf({ outcome, clientId, action }: Answer, issuer: string): Note {
  const known = clientId === undefined ? undefined : clientWho(clientId, issuer);
  const asked = { action: action ?? 'token:issue', resource: clientId };
  return 'refused' in outcome
    ? { ...asked, who: known, code: outcome.refused }
    : { ...asked, who: outcome.who };
}

async function serveToken(
  request: Request,
  call: Call,
  context: AuthorityContext,
): Promise<Response> {
  try {
    const answered = await answer(request, call, context);
    const { outcome, clientId } = answered;
    call.note(noteOf(answered, context.config.issuer));
    const headers = await nonceHeader(request, clientId, context, outcome);
    if ('refused' in outcome) return oauthError(outcome.refused, headers);
    const response = json(outcome.granted);
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    return response;
  } catch (error) {
    call.note({ action: 'token:issue' });
    if (error instanceof TokenError && error.status === 503) return oauthError('unavailable');
    throw error;
  }
}

async function answer(request: Request, call: Call, context: AuthorityContext): Promise<Answer> {
  const form = await readForm(request);
  if ('refused' in form) return { outcome: form };
  const type = form.get('grant_type');
  if (type === undefined) return { outcome: { refused: 'invalid_request' } };
  const grant = grants.get(type);
  if (grant === undefined) return { outcome: { refused: 'unsupported_grant_type' } };
  const client = await authenticateClient(form, request, context);
  const action = type === 'client_credentials' ? 'token:issue' : 'token:exchange';
  if ('refused' in client) return { outcome: client, action };
  const { id: clientId } = client.registration;
  const proof = await readProof(request, call.url, client.registration, context);
  if (proof !== undefined && 'refused' in proof) return { outcome: proof, clientId, action };
  const delegation = request.headers.get('agent-delegation') ?? undefined;
  const outcome = await grant({ form, client, proof, delegation }, context);
  return { outcome, clientId, action };
}

/** A nonce for who needs one now, and the next one for who uses them (RFC 9449 section 8.2). */
async function nonceHeader(
  request: Request,
  clientId: string | undefined,
  { settings, nonces }: AuthorityContext,
  outcome: GrantOutcome | ClientRefusal,
): Promise<Readonly<Record<string, string>>> {
  if (clientId === undefined) return {};
  const asks = 'refused' in outcome && outcome.refused === 'use_dpop_nonce';
  const uses = settings.dpopNonce === 'required' && request.headers.has('dpop');
  return asks || uses ? { 'DPoP-Nonce': await nonces.make(clientId) } : {};
}

// A form that an authenticated client sends about a token: what /revoke and /introspect have in common.

import { authenticateClient, type AuthenticatedClient } from './client_authentication.ts';
import type { AuthorityContext } from '../context.ts';
import type { Form } from '../http/form.ts';
import type { ClientRefusal } from '../http/oauth_error.ts';

/** Authenticates the client of a form, and uses its assertion up. */
export async function authenticateOnce(
  form: Form,
  request: Request,
  context: AuthorityContext,
): Promise<AuthenticatedClient | ClientRefusal> {
  const client = await authenticateClient(form, request, context);
  if ('refused' in client) return client;
  const stub = context.bindings.AGENT.getByName(client.registration.id);
  const isFirst = await stub.useOnce(client.assertionUse);
  return isFirst ? client : { refused: 'invalid_client' };
}

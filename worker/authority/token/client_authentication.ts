// Authenticates clients by their assertions: one refusal for whatever is wrong, after the same work.

import { addressOf } from '../http/attempts.ts';
import {
  assertionVerifies,
  checkAssertionClaims,
  readAssertion,
  type Assertion,
} from './client_assertion.ts';
import type { KnownClient } from './client_registry.ts';
import type { AuthorityContext } from '../context.ts';
import { decoyKey } from './decoy_key.ts';
import type { Form } from '../http/form.ts';
import type { ClientRefusal } from '../http/oauth_error.ts';
import type { Registration, Use } from '../agent/registration.ts';

/** A client that signed a good assertion. */
export interface AuthenticatedClient {
  /** As it was some seconds ago at most: what is issued is decided by its object. */
  readonly registration: Registration;
  /** The assertion's single use, which is NOT recorded yet: the caller does, with what else it records. */
  readonly assertionUse: Use;
  /** Thumbprint of the key that signed the assertion. */
  readonly jkt: string;
}

/** What authenticating needs of the authority. */
export type AuthenticationContext = Pick<AuthorityContext, 'config' | 'clients' | 'now'>;

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

function readCredentials(form: Form, request: Request): Assertion | undefined {
  // RFC 6749 section 2.3: one method of authentication, and there is one alone
  if (request.headers.has('authorization') || form.has('client_secret')) return undefined;
  if (form.get('client_assertion_type') !== assertionType) return undefined;
  const assertion = readAssertion(form.get('client_assertion') ?? '');
  const id = form.get('client_id');
  return id === undefined || id === assertion?.clientId ? assertion : undefined;
}

const mayAuthenticate = (client: KnownClient | undefined): boolean =>
  client?.key !== undefined && !client.registration.disabled;

/** Verifies once, also for a client that does not exist or has another algorithm. */
async function verifies(assertion: Assertion, client: KnownClient | undefined): Promise<boolean> {
  const { key } = client ?? {};
  const good = key !== undefined && key.alg === assertion.alg && mayAuthenticate(client);
  return assertionVerifies(assertion, good ? key : await decoyKey(assertion.alg));
}

/** The client whose key verifies an assertion. */
async function findSigner(
  assertion: Assertion,
  address: string,
  { clients }: AuthenticationContext,
): Promise<KnownClient | undefined | 'rate_limited'> {
  const { clientId } = assertion;
  const client = await clients.find(clientId, address);
  if (client === 'rate_limited') return client;
  if (await verifies(assertion, client)) return client;
  // It may have changed its key, or have been enabled again, a moment ago
  const again = client === undefined ? undefined : await clients.findAgain(clientId);
  const changed =
    again !== undefined && again.registration.version !== client?.registration.version;
  return changed && (await verifies(assertion, again)) ? again : undefined;
}

/**
 * Authenticates the client of a request (RFC 7523 section 3 as updated by RFC 7523bis).
 *
 * The assertion's `aud` must be the issuer alone, a string or a list of one; `exp` at most 300 s
 * ahead; `jti` is required. Does not record that it was used: whoever calls this must.
 */
export async function authenticateClient(
  form: Form,
  request: Request,
  context: AuthenticationContext,
): Promise<AuthenticatedClient | ClientRefusal> {
  const { config, clients, now } = context;
  const address = addressOf(request);
  const refused: ClientRefusal = { refused: 'invalid_client' };
  const assertion = readCredentials(form, request);
  if (assertion === undefined) return refused;
  const client = await findSigner(assertion, address, context);
  if (client === 'rate_limited') return { refused: 'rate_limited' };
  const checked = client && checkAssertionClaims(assertion, config.issuer, now() / 1000);
  const jkt = client?.key?.thumbprint;
  if (client === undefined || checked === undefined || jkt === undefined) {
    // An address that guesses is not told apart by what it guesses
    return clients.isSpent(address) ? { refused: 'rate_limited' } : refused;
  }
  const { jti, exp } = checked;
  return {
    registration: client.registration,
    assertionUse: { id: `assertion:${jkt}:${jti}`, expiresAt: exp },
    jkt,
  };
}

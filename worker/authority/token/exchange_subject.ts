// Which tokens a client may exchange, and with what: the subject's, and the one that says who acts.

import type { VerifiedAgent } from '../../../src/verify/index.ts';
import type { AuthorityContext } from '../context.ts';
import type { Form } from '../http/form.ts';
import type { GrantRequest } from './grant.ts';
import { namesActor } from './may_act.ts';
import type { ClientRefusal } from '../http/oauth_error.ts';

const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const jwt = 'urn:ietf:params:oauth:token-type:jwt';
const known: ReadonlySet<unknown> = new Set([accessToken, jwt]);

/** The type of everything that an exchange answers with (RFC 8693 section 3). */
export const issuedTokenType: string = accessToken;

const malformed: ClientRefusal = { refused: 'invalid_request' };
const refused: ClientRefusal = { refused: 'subject_refused' };

/** The tokens that a request names; nothing of them is verified. */
export interface NamedTokens {
  readonly subject: string;
  readonly actor: string | undefined;
}

/** Reads the parameters of RFC 8693 section 2.1 that name tokens. */
export function readNamedTokens(form: Form): NamedTokens | ClientRefusal {
  const subject = form.get('subject_token');
  if (subject === undefined || !known.has(form.get('subject_token_type'))) return malformed;
  const wanted = form.get('requested_token_type');
  if (wanted !== undefined && !known.has(wanted)) return malformed;
  const actor = form.get('actor_token');
  const actorType = form.get('actor_token_type');
  // Section 2.1: each of the two needs the other
  if ((actor === undefined) !== (actorType === undefined)) return malformed;
  if (actorType !== undefined && !known.has(actorType)) return malformed;
  return { subject, actor };
}

type Asker = Pick<GrantRequest, 'client' | 'proof' | 'delegation'>;

/** Verifies a token as the gateway would, its proof apart. What cannot be asked now is thrown. */
async function inspect(
  token: string,
  { tokens }: AuthorityContext,
  delegation?: string,
): Promise<VerifiedAgent | undefined> {
  const found = await tokens.inspect(token, delegation);
  if (found.ok) return found.value;
  if (found.error.status === 503) throw found.error;
  return undefined;
}

/**
 * Tells whether a client may exchange a token for one to act by. One of the engine: its own agent. A
 * bound one: its own client, with a proof by its key, or the client that its one off-line hop names,
 * with a proof by the key that the hop names. An unbound one: a client that the token and an
 * operator both name. Tokens of other issuers: nobody, their ids are not ours.
 */
function mayExchange(
  subject: VerifiedAgent,
  { client: { registration }, proof, delegation }: Asker,
  { config }: AuthorityContext,
): boolean {
  const { issuer, jkt, agentId, claims } = subject;
  if (delegation !== undefined) {
    const [actor] = subject.actors;
    const isNamed = actor?.agentId === registration.id && actor.jkt === proof?.jkt;
    return issuer === config.issuer && isNamed && actor?.jkt !== undefined && isOneHop(subject);
  }
  const isOwn = agentId === registration.id;
  const trusted = config.trustedIssuers.find((entry) => entry.issuer === issuer);
  if (trusted?.profile === 'engine') {
    // Who acts in it is the engine's word, and no client of ours
    const isAlone = subject.subjectId === agentId;
    return isOwn && isAlone && (jkt === undefined || jkt === proof?.jkt);
  }
  if (issuer !== config.issuer) return false;
  if (jkt !== undefined) return isOwn && jkt === proof?.jkt;
  const isAllowed = registration.mayActFor?.includes(agentId) === true;
  return isAllowed && namesActor(claims['may_act'], registration.id, config.issuer);
}

/** Further hops would be the word of agents that nobody asks here: each exchanges its own. */
const isOneHop = ({ actors }: VerifiedAgent): boolean =>
  actors.filter((actor) => actor.jkt !== undefined).length === 1;

/** An actor's token is the acting client's own, for itself, and not the subject's too. */
function actsFor(
  actor: VerifiedAgent,
  subject: VerifiedAgent,
  { client, proof }: Asker,
  { config }: AuthorityContext,
): boolean {
  return (
    actor.issuer === config.issuer &&
    actor.agentId === client.registration.id &&
    actor.actors.length === 0 &&
    actor.agentId !== subject.subjectId &&
    (actor.jkt === undefined || actor.jkt === proof?.jkt)
  );
}

/** Tokens that were verified, and that the client may exchange. */
export interface Parties {
  readonly subject: VerifiedAgent;
  /** When the last of them expires that must be good, seconds since the epoch. */
  readonly expiresAt: number;
}

/** Verifies the tokens of an exchange, and who may exchange them. */
export async function readParties(
  { subject: subjectToken, actor: actorToken }: NamedTokens,
  asker: Asker,
  context: AuthorityContext,
): Promise<Parties | ClientRefusal> {
  const subject = await inspect(subjectToken, context, asker.delegation);
  if (subject === undefined || !mayExchange(subject, asker, context)) return refused;
  if (actorToken === undefined) return { subject, expiresAt: subject.expiresAt };
  const actor = await inspect(actorToken, context);
  if (actor === undefined || !actsFor(actor, subject, asker, context)) return refused;
  return { subject, expiresAt: Math.min(subject.expiresAt, actor.expiresAt) };
}

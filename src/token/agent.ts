// VerifiedAgent and AuthorizedCall: the brands of what has been checked.

import type { AgentClaims } from './claims.ts';
import type { TokenIdentity } from './identity.ts';

declare const verified: unique symbol;
declare const authorized: unique symbol;

/** One actor of a delegation, the newest first. */
export interface Actor {
  readonly agentId: string;
  /** Whether the authority (or a registry) vouches for the id; `false` when it is only the delegator's word. */
  readonly authenticated: boolean;
  /** Thumbprint of the key that an off-line hop names; `undefined` for an actor of `act`. */
  readonly jkt: string | undefined;
}

/**
 * An agent whose token passed every check of a verifier.
 *
 * Frozen, and branded by type and at run time: only a verifier makes one. It says who calls, not
 * what the call may do: that is `authorize`.
 */
export interface VerifiedAgent {
  readonly [verified]: true;
  /**
   * The presenter: the last delegate of an off-line chain where it was authenticated, else the
   * outermost actor, else the subject.
   */
  readonly agentId: string;
  /** The agent acted for; equal to `agentId` without delegation. */
  readonly subjectId: string;
  /** The tier; the lowest configured one when the token names none. */
  readonly tier: string;
  /** All configured tiers, lowest first. */
  readonly tiers: readonly string[];
  /** What may be done: of a chain, what its last hop grants. */
  readonly scope: readonly string[];
  /** For whom; of a chain, for whom its last hop is. */
  readonly audience: readonly string[];
  readonly issuer: string;
  /** The `jti`; `undefined` for engine tokens without one. */
  readonly tokenId: string | undefined;
  /** The `sid`; `undefined` where the issuer sets none. */
  readonly sessionId: string | undefined;
  /** Issue time, seconds since the epoch. */
  readonly issuedAt: number;
  /** Expiry, seconds since the epoch, without tolerance; of a chain, that of its last hop. */
  readonly expiresAt: number;
  /** The actors of a delegation, newest first; empty without delegation. */
  readonly actors: readonly Actor[];
  /** Thumbprint (RFC 7638) of the key that the presenter proves: of the last hop, or the token. */
  readonly jkt: string | undefined;
  /** Thumbprint (RFC 7638) of the key that verified the token. */
  readonly keyThumbprint: string;
  /** All claims as they stood in the token, deeply frozen; never those of off-line hops. */
  readonly claims: AgentClaims;
  /** What revocation knows it by: the token, its ancestors, then the off-line hops, oldest first. */
  readonly identities: readonly TokenIdentity[];
}

/** A call that `authorize` found covered by the agent's scopes. Only `authorize` makes one. */
export interface AuthorizedCall {
  readonly [authorized]: true;
  readonly agent: VerifiedAgent;
  /** The scopes that the call required. */
  readonly required: readonly string[];
}

type Kind = 'agent' | 'call';

/** Lets a private field of a subclass stand on an object that exists already. */
class Given {
  constructor(object: object) {
    return object;
  }

  static freeze(object: object): Given {
    return Object.freeze(object);
  }
}

// A private field, as a WeakSet, is a brand that nothing outside this module can read, copy or forge.
// A WeakSet costs each verification a microsecond, most of it in the garbage collector.
class Brand extends Given {
  readonly #kind: Kind;

  constructor(object: object, kind: Kind) {
    super(object);
    this.#kind = kind;
  }

  static isOn(value: unknown, kind: Kind): boolean {
    return typeof value === 'object' && value !== null && #kind in value && value.#kind === kind;
  }
}

/** Freezes and brands an agent. For verifiers alone: not a public name. */
export function brandAgent(agent: Omit<VerifiedAgent, typeof verified>): VerifiedAgent {
  return Brand.freeze(new Brand(agent, 'agent')) as VerifiedAgent;
}

/** Freezes and brands a call. For `authorize` alone: not a public name. */
export function brandCall(call: Omit<AuthorizedCall, typeof authorized>): AuthorizedCall {
  return Brand.freeze(new Brand(call, 'call')) as AuthorizedCall;
}

/**
 * Tells whether a value is an agent made by a verifier of this library, not a look-alike.
 *
 * Does not tell whether its token is still valid now: expiry and revocation were checked when it
 * was verified.
 *
 * @example
 * ```ts
 * import { isVerifiedAgent } from 'swarmgate';
 *
 * if (isVerifiedAgent({ agentId: 'mallory' })) throw new Error('unexpected');
 * ```
 */
export function isVerifiedAgent(value: unknown): value is VerifiedAgent {
  return Brand.isOn(value, 'agent');
}

/**
 * Tells whether a value is a call made by `authorize`, not a look-alike.
 *
 * @example
 * ```ts
 * import { isAuthorizedCall } from 'swarmgate';
 *
 * if (isAuthorizedCall({ required: [] })) throw new Error('unexpected');
 * ```
 */
export function isAuthorizedCall(value: unknown): value is AuthorizedCall {
  return Brand.isOn(value, 'call');
}

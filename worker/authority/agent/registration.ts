// Registration: what the authority knows of an agent, and how answers show it.

import type { PublicJwk } from '../../../src/issue/index.ts';
import type { ListedToken, StatusIndex } from '../status/status_lease_store.ts';

/** An agent as it is registered. */
export interface Registration {
  readonly id: string;
  readonly tier: string;
  readonly scope: readonly string[];
  /** Its public key; `undefined` until an enrolment code brings one. */
  readonly jwk: PublicJwk | undefined;
  /** RFC 7638 thumbprint of its key. */
  readonly jkt: string | undefined;
  /** Whether its tokens must be bound to a key. */
  readonly dpop: 'required' | 'optional';
  /** How many hops of delegation it may begin off line; `undefined`: none. */
  readonly dlgMax: number | undefined;
  /** The agents whose unbound tokens it may exchange, where those name it too; left out: none. */
  readonly mayActFor?: readonly string[];
  readonly disabled: boolean;
  /** Grows with each change, also over deletion and registration anew. */
  readonly version: number;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  /** Tokens issued up to this time are revoked, seconds since the epoch. */
  readonly notBefore: number | undefined;
}

/** What an operator decides about an agent. */
export type Policy = Pick<Registration, 'tier' | 'scope' | 'dpop' | 'dlgMax' | 'mayActFor'>;

/** A public key that an agent proved, or an operator vouches for. */
export interface AgentKey {
  readonly jwk: PublicJwk;
  readonly jkt: string;
}

/** A key, or that there is none yet. */
export type MaybeKey = AgentKey | { readonly jwk: undefined; readonly jkt: undefined };

/** A change of an agent; what is not named stays. */
export interface Change {
  readonly tier?: string | undefined;
  readonly scope?: readonly string[] | undefined;
  readonly dpop?: 'required' | 'optional' | undefined;
  /** `null`: none any more. */
  readonly dlgMax?: number | null | undefined;
  readonly mayActFor?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
}

/** Something that may be used once: an assertion or a proof. */
export interface Use {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** What issuing a token asks of an agent's object. */
export interface IssueRequest {
  /** Of the registration that the request was checked against. */
  readonly version: number;
  /** Thumbprint of the key that signed the assertion. */
  readonly jkt: string;
  readonly uses: readonly Use[];
  /** A session to go on with; left out: a new one. */
  readonly sid?: string;
  /** Of the token, in seconds. */
  readonly lifetime: number;
  /** The token as it will be listed, and in whose lists; left out: in none. */
  readonly status?: { readonly issuer: string; readonly token: ListedToken };
}

/** What the object decided: on `replayed` and `refused` nothing is recorded. */
export type IssueDecision =
  | {
      readonly kind: 'granted';
      readonly registration: Registration;
      readonly sid: string;
      readonly index?: StatusIndex;
    }
  | { readonly kind: 'replayed'; readonly index: number }
  | { readonly kind: 'refused' };

/** One run of an agent. Times are seconds since the epoch. */
export interface Session {
  readonly sid: string;
  readonly createdAt: number;
  /** When its last token expires. */
  readonly expiresAt: number;
  readonly jkt: string;
}

/** An agent as the admin routes show it: what it does not have is left out. */
export function describeAgent(agent: Registration): Record<string, unknown> {
  return {
    id: agent.id,
    tier: agent.tier,
    scope: agent.scope,
    dpop: agent.dpop,
    ...(agent.dlgMax === undefined ? {} : { dlg_max: agent.dlgMax }),
    ...(agent.mayActFor === undefined ? {} : { may_act_for: agent.mayActFor }),
    disabled: agent.disabled,
    ...(agent.jwk === undefined ? {} : { jwk: agent.jwk, jkt: agent.jkt }),
    version: agent.version,
    created_at: agent.createdAt,
    ...(agent.notBefore === undefined ? {} : { not_before: agent.notBefore }),
  };
}

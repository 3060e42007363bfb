// Admission: what a request may do once, or only so often, is decided in one call to its agent's object.

import { TokenError, type VerifiedAgent } from '../../src/verify/index.ts';
import type { LedgerEntry, Reservation } from '../authority/agent/nonce_store.ts';
import { spend, windowMs } from '../authority/agent/rate_bucket.ts';
import type { Use } from '../authority/agent/registration.ts';
import type {
  Budget,
  RequestAdmission,
  RequestDecision,
} from '../authority/agent/request_admission.ts';
import { createBoundedMap } from '../bounded_map.ts';
import type { Headed } from '../respond.ts';
import type { PlatformLimit } from './platform_limit.ts';
import { rateHeaders, retryAfter } from './rate_headers.ts';
import { RefusalError } from './refusal_error.ts';

/** The part of an agent's object that admission calls. */
export interface AgentDesk {
  admitRequest(request: RequestAdmission): Promise<RequestDecision>;
  release(entry: LedgerEntry): Promise<void>;
}

/** A verified and authorized request. */
export interface AdmissionRequest {
  readonly agent: VerifiedAgent;
  /** Its proof; `undefined` for a token that is bound to no key. */
  readonly use: Use | undefined;
  /** The message that it is about to store. */
  readonly message?: LedgerEntry | undefined;
}

/** Leave to run a request. */
export interface Admitted {
  /** Of the request's message, if it has one. */
  readonly reservation: Reservation | undefined;
  /** What the answer says of the agent's budget. */
  readonly headers: Headed;
}

/** Admits requests. */
export interface Admission {
  /**
   * Uses up what a request uses: its proof, its message's nonce, one of its agent's requests.
   *
   * @returns `not_holder` when the agent does not hold the key of its hop any more: nothing is used
   * @throws TokenError `proof_replayed`, `rate_limited`, `bus_unavailable`
   */
  admit(request: AdmissionRequest): Promise<Admitted | 'not_holder'>;
}

/** What admission needs. */
export interface AdmissionOptions {
  readonly deskOf: (agentId: string) => AgentDesk;
  /** Requests in a minute, by tier. */
  readonly quotas: ReadonlyMap<string, number>;
  /** Over all isolates, for bearer tokens, which no object counts. */
  readonly platform: PlatformLimit;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly defer: (work: Promise<unknown>) => void;
}

/** Agents that this isolate counts itself, and agents that it knows to be out of requests. */
const maxAgents = 10_000;

/** The key that a hop names for the presenter, who counts as itself only while it holds it. */
function holderOf({ agentId, actors: [last] }: VerifiedAgent): string | undefined {
  return last?.authenticated === true && last.agentId === agentId ? last.jkt : undefined;
}

function lesser(own: Budget, other: Budget | undefined): Budget {
  return other !== undefined && other.remaining < own.remaining ? other : own;
}

/** Makes the admission of a gateway. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { deskOf, quotas, platform, now, defer } = options;
  // Bearer tokens are counted here; who can use a proof or a message once is counted by its object
  const buckets = createBoundedMap<number>(maxAgents);
  const waits = createBoundedMap<number>(maxAgents);

  const limited = (tier: string, quota: number, budget: Budget): RefusalError =>
    new RefusalError('rate_limited', {
      ...rateHeaders({ tier, quota, budget }, now()),
      ...retryAfter(budget),
    });

  /** Who was told to wait is not asked about again before: its object would say the same. */
  function refuseWaiting(agentId: string, tier: string, quota: number): void {
    const until = waits.get(agentId);
    if (until === undefined) return;
    const waitMs = until - now();
    if (waitMs > 0 && waitMs <= windowMs) {
      throw limited(tier, quota, { fullAt: until, remaining: 0, waitMs });
    }
    waits.delete(agentId);
  }

  function countHere(agentId: string, tier: string, quota: number): Budget {
    const budget = spend(buckets.get(agentId) ?? 0, quota, now());
    buckets.set(agentId, budget.fullAt);
    if (!budget.allowed || platform.isOver(agentId)) throw limited(tier, quota, budget);
    if (budget.remaining < quota / 2) platform.count(agentId);
    return budget;
  }

  async function ask(agentId: string, request: RequestAdmission): Promise<RequestDecision> {
    try {
      return await deskOf(agentId).admitRequest(request);
    } catch (cause) {
      throw new TokenError('bus_unavailable', { cause });
    }
  }

  return {
    async admit({ agent, use, message }) {
      const { agentId, subjectId } = agent;
      const { tier } = agent;
      // A verifier lets no other tiers through than those that have a quota
      const quota = quotas.get(tier) ?? 1;
      const headersOf = (own: Budget | undefined, other?: Budget): Headed => {
        const least = own === undefined ? other : lesser(own, other);
        return least === undefined ? {} : rateHeaders({ tier, quota, budget: least }, now());
      };
      // Of a chain both count: who acts, and who is acted for
      const isChain = agentId !== subjectId;
      refuseWaiting(agentId, tier, quota);
      if (isChain) refuseWaiting(subjectId, tier, quota);
      if (use === undefined && message === undefined) {
        const own = countHere(agentId, tier, quota);
        const other = isChain ? countHere(subjectId, tier, quota) : undefined;
        return { reservation: undefined, headers: headersOf(own, other) };
      }

      const decide = async (id: string, request: RequestAdmission) => {
        const decision = await ask(id, { ...request, quota });
        if (decision.kind === 'replayed') throw new TokenError('proof_replayed');
        if (decision.kind === 'limited') {
          waits.set(id, now() + decision.budget.waitMs);
          throw limited(tier, quota, decision.budget);
        }
        return decision;
      };

      const holder = holderOf(agent);
      // Both record the proof. The subject is the same whoever the presenter turns out to be; and a
      // presenter that knows it takes no request out of its bucket for whoever repeats it
      const proof = use === undefined ? {} : { use };
      const own = await decide(agentId, {
        ...(holder === undefined ? {} : { holder }),
        ...(message === undefined ? {} : { message }),
        ...proof,
      });
      if (own.kind === 'not_holder') return 'not_holder';
      const { reservation } = own;
      if (!isChain) return { reservation, headers: headersOf(own.budget) };
      try {
        const other = await decide(subjectId, proof);
        const budget = other.kind === 'admitted' ? other.budget : undefined;
        return { reservation, headers: headersOf(own.budget, budget) };
      } catch (error) {
        // Nothing will be stored: the nonce is free again
        if (message !== undefined && reservation?.kind === 'granted') {
          defer(
            deskOf(agentId)
              .release(message)
              .catch(() => undefined),
          );
        }
        throw error;
      }
    },
  };
}

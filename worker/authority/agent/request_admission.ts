// What one request asks of an agent's object: what must happen once or be counted exactly, in one turn.

import type { LedgerEntry, Reservation } from './nonce_store.ts';
import { spend, type Spending } from './rate_bucket.ts';
import type { Registration, Use } from './registration.ts';
import type { UseStore } from './use_store.ts';

/** What a request needs leave for. What is left out is not asked. */
export interface RequestAdmission {
  /** The agent counts as itself only while it holds the key with this thumbprint. */
  readonly holder?: string;
  /** The proof, which counts once. */
  readonly use?: Use;
  /** How many requests the agent may make in a minute: this one is taken out of its bucket. */
  readonly quota?: number;
  /** The message whose nonce is to be reserved. */
  readonly message?: LedgerEntry;
}

/** What the bucket of an agent still holds. */
export type Budget = Pick<Spending, 'fullAt' | 'remaining' | 'waitMs'>;

/** The object's decision. Whatever is not admitted has recorded nothing. */
export type RequestDecision =
  | {
      readonly kind: 'admitted';
      readonly budget?: Budget;
      readonly reservation?: Reservation;
    }
  | { readonly kind: 'not_holder' }
  | { readonly kind: 'replayed' }
  | { readonly kind: 'limited'; readonly budget: Budget };

/** Decides on requests. Times are milliseconds since the epoch. */
export interface RequestDesk {
  decide(request: RequestAdmission, now: number): RequestDecision;
}

/** Makes the decisions of one agent's object over its stores. */
export function createRequestDesk(
  uses: UseStore,
  registered: () => Registration | undefined,
): RequestDesk {
  // What the newest row says, without asking for it each time
  let known: number | undefined;

  const holds = (jkt: string): boolean => {
    const found = registered();
    return found !== undefined && !found.disabled && found.jkt === jkt;
  };

  return {
    decide({ holder, use, quota }, now) {
      if (holder !== undefined && !holds(holder)) return { kind: 'not_holder' };
      // Before the bucket: whoever overheard a proof must not empty it
      if (use !== undefined && uses.isUsed(use)) return { kind: 'replayed' };
      const fullAt = (known ??= uses.bucketFullAt());
      if (quota === undefined) {
        if (use !== undefined) uses.recordRequest(use, fullAt);
        return { kind: 'admitted' };
      }
      const { allowed, ...budget } = spend(fullAt, quota, now);
      known = budget.fullAt;
      if (!allowed) return { kind: 'limited', budget };
      uses.recordRequest(use, known);
      return { kind: 'admitted', budget };
    },
  };
}

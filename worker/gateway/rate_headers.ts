// What agents read of their budget: RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11).

import { windowMs } from '../authority/agent/rate_bucket.ts';
import type { Budget } from '../authority/agent/request_admission.ts';
import type { Headed } from '../respond.ts';

/** A bucket, and what it is called: by the tier that fills it. */
export interface NamedBudget {
  readonly tier: string;
  readonly quota: number;
  readonly budget: Budget;
}

/** Structured fields: a tier has no character that a string would have to escape. */
export function rateHeaders({ tier, quota, budget }: NamedBudget, now: number): Headed {
  const { remaining, waitMs, fullAt } = budget;
  const reset = Math.ceil(Math.max(0, remaining > 0 ? fullAt - now : waitMs) / 1000);
  return {
    'RateLimit-Policy': `"${tier}";q=${quota};w=${windowMs / 1000}`,
    RateLimit: `"${tier}";r=${remaining};t=${reset}`,
  };
}

/** Whole seconds (RFC 9110 section 10.2.3), and never none. */
export function retryAfter({ waitMs }: Budget): Headed {
  return { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1000))) };
}

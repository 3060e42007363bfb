// What holds strangers back before anything is verified: how many at once, and what their address has tried.

import { TokenError } from '../../src/verify/index.ts';
import { subscriberOf } from '../authority/http/lookup_budget.ts';
import { createRateWindow } from '../authority/http/rate_window.ts';
import type { PlatformLimit } from './platform_limit.ts';
import { RefusalError } from './refusal_error.ts';

/** The gate in front of verification. It lives in the isolate, and calls no object. */
export interface AnonymousGate {
  /**
   * Lets a request in; `leave` is to be called once it is verified, or refused.
   *
   * @throws TokenError `rate_limited`
   */
  enter(address: string): () => void;
  /** Counts a request that was refused against where it came from, if it is at fault. */
  refused(address: string, error: unknown): void;
}

/** Limits of {@link createAnonymousGate}. */
export interface GateLimits {
  /** Requests of one isolate that are being verified at the same moment. */
  readonly atOnce: number;
  /** Refused requests of one address in a window. */
  readonly refusals: number;
  readonly windowMs: number;
}

const defaults: GateLimits = { atOnce: 2000, refusals: 1000, windowMs: 10_000 };

/** A failure of ours, and a nonce that is asked for, are nobody's fault. */
function isAtFault(error: unknown): boolean {
  return error instanceof TokenError && error.status < 500 && error.code !== 'proof_nonce_required';
}

/** Makes the gate. `now` in milliseconds since the epoch. */
export function createAnonymousGate(
  now: () => number,
  platform: PlatformLimit,
  limits: Partial<GateLimits> = {},
): AnonymousGate {
  const { atOnce, refusals, windowMs } = { ...defaults, ...limits };
  const counts = createRateWindow(now, { perKey: refusals, windowMs });
  const suspects = createRateWindow(now, { perKey: Math.ceil(refusals / 2), windowMs });
  let inside = 0;

  const isSpent = (address: string): boolean => {
    // Who says nothing of addresses has them all behind one: nobody is shut out for the others
    if (address === '') return false;
    const subscriber = subscriberOf(address);
    return counts.isSpent(subscriber) || platform.isOver(subscriber);
  };

  return {
    enter(address) {
      if (inside >= atOnce) throw new RefusalError('rate_limited', { 'Retry-After': '1' });
      if (isSpent(address)) {
        throw new RefusalError('rate_limited', { 'Retry-After': String(windowMs / 1000) });
      }
      inside++;
      let isInside = true;
      return () => {
        if (isInside) inside--;
        isInside = false;
      };
    },

    refused(address, error) {
      if (address === '' || !isAtFault(error)) return;
      const subscriber = subscriberOf(address);
      counts.spend(subscriber);
      suspects.spend(subscriber);
      if (suspects.isSpent(subscriber)) platform.count(subscriber);
    },
  };
}

// Tries again what may succeed the next time: the same request, after a growing pause.

import { TokenError } from '../errors/token_error.ts';
import { isRecord } from '../token/shape.ts';
import { AuthorityError } from './authority_error.ts';
import { backoff, type BackoffPlan } from './backoff.ts';
import { pause } from './deadline.ts';

/** How often and when. */
export interface RetryPlan extends BackoffPlan {
  readonly attempts: number;
  /** Whether there is still a point in trying again after that many seconds. */
  readonly isWorthwhile?: (seconds: number) => boolean;
}

/** What a refusal over HTTP carries as its cause. */
export interface HttpCause {
  readonly status: number;
  /** Seconds, where the server named them. */
  readonly retryAfter: number | undefined;
}

const httpCause = ({ cause }: TokenError): Partial<HttpCause> => (isRecord(cause) ? cause : {});

/** Tells whether a failure may be gone the next time: the network, a 5xx, too many requests. */
export function isTransient(error: unknown): boolean {
  if (error instanceof AuthorityError) return error.code === 'authority_unavailable';
  if (!(error instanceof TokenError)) return false;
  const { status = 0 } = httpCause(error);
  // An answer that broke the rules would break them again
  if (error.code === 'upstream_invalid') return status >= 500;
  return error.status >= 500 || error.code === 'rate_limited';
}

/** The pause after a failure, in seconds: the server's wish counts, within the plan's limit. */
export function pauseAfter(error: unknown, failures: number, plan: BackoffPlan): number {
  const wished = error instanceof TokenError ? (httpCause(error).retryAfter ?? 0) : 0;
  return Math.max(backoff(failures, plan), Math.min(wished, plan.most));
}

/** Runs an attempt until it succeeds, fails for good, or has failed often enough. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  plan: RetryPlan,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      const seconds = pauseAfter(error, failures, plan);
      const isLast = failures >= plan.attempts || plan.isWorthwhile?.(seconds) === false;
      if (isLast || !isTransient(error)) throw error;
      await pause(seconds, signal);
    }
  }
}

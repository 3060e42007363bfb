// Single flight: many callers share one fetch, and none of them depends on the one who began it.

import type { Clock } from '../errors/caller.ts';
import type { WaitUntil } from './remote_options.ts';

/** One shared operation. */
export interface SharedFlight {
  /** Waits for the flight under way, or begins one; ends when there is news, good or bad. */
  run(): Promise<void>;
  /**
   * `under_way`, `lost` (begun, over its time, and never heard of again), or `none`.
   */
  state(): 'under_way' | 'lost' | 'none';
}

/** What a flight needs. Times in seconds. */
export interface FlightPlan {
  readonly start: (signal: AbortSignal) => Promise<void>;
  readonly timeout: number;
  readonly clock: Clock;
  readonly waitUntil: WaitUntil | undefined;
  readonly onFailure: (error: unknown) => void;
}

interface Flight {
  readonly landing: Promise<void>;
  readonly startedAt: number;
}

const late = Symbol('late');

/**
 * Makes a shared operation.
 *
 * In Workers all I/O belongs to the request that began it: when that request is cancelled, its
 * fetch and its timers stop and the shared promise never settles. So each waiter has a timer of
 * its own; when it runs out, the flight is given up, and the first to notice begins the next.
 */
export function sharedFlight(plan: FlightPlan): SharedFlight {
  let current: Flight | undefined;
  let landed = 0;

  function begin(): Promise<void> {
    const landing = limited(plan);
    const flight = { landing, startedAt: plan.clock() };
    current = flight;
    const settled = landing.catch(plan.onFailure).finally(() => {
      landed++;
      if (current === flight) current = undefined;
    });
    keepAlive(plan.waitUntil, settled);
    return landing;
  }

  function state(): ReturnType<SharedFlight['state']> {
    if (current === undefined) return 'none';
    // One more second: a clock of whole seconds may be that far ahead.
    return plan.clock() - current.startedAt > plan.timeout + 1 ? 'lost' : 'under_way';
  }

  async function run(): Promise<void> {
    // The second time, another waiter has begun anew; there is no third: then nobody is trusted.
    for (let joined = 0; joined < 2; joined++) {
      const flight = current;
      if (flight === undefined || state() === 'lost') break;
      const before = landed;
      if ((await within(flight.landing, plan.timeout)) !== late) return;
      // Another waiter's flight may have come and gone meanwhile: it brought the news for all.
      if (landed !== before) return;
      if (current === flight) break;
    }
    return begin();
  }

  return { run, state };
}

/** Hands work to `waitUntil`, which may refuse it outside of a request: then it is not kept alive. */
export function keepAlive(waitUntil: WaitUntil | undefined, work: Promise<unknown>): void {
  try {
    waitUntil?.(work);
  } catch {
    // Only the guarantee is lost; each waiter still has its own deadline.
  }
}

/** Starts an operation that is aborted, and rejects, when its time is over. */
async function limited({ start, timeout }: FlightPlan): Promise<void> {
  const controller = new AbortController();
  try {
    if ((await within(start(controller.signal), timeout)) === late) {
      throw new DOMException('The answer did not arrive in time', 'TimeoutError');
    }
  } finally {
    // Also after success: nothing of it may go on.
    controller.abort();
  }
}

async function within(work: Promise<void>, seconds: number): Promise<void | typeof late> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => resolve(late), seconds * 1000);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

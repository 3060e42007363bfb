// What came over a socket and was not taken yet, and how much more may come.

import type { TokenError } from '../errors/token_error.ts';
import type { Delivery } from './bus_transport.ts';
import { createChanges, type Changes } from './changes.ts';
import type { Connection } from './socket_connection.ts';
import { receiveFrame, subscribeFrame } from './socket_frames.ts';

/** The receiving side of a socket transport: it outlives the sockets. */
export interface SocketInbox {
  readonly changes: Changes;
  /** Something came. */
  put(delivery: Delivery): void;
  /** What was asked for is refused: for the next who takes. */
  refuse(refusal: TokenError): void;
  /** Up to so many deliveries that are still ours. @throws what was refused */
  take(max: number): readonly Delivery[];
  /** Lets messages come: so many, where less than half of them still may, or those subscribed to. */
  ask(connection: Connection, max: number): void;
  /** A new socket knows nothing of what was asked over the one before. */
  reset(): void;
}

/** How long a delivery is kept for a later taker: less than its lease of 30 s. Seconds. */
const keepFor = 20;
/** What comes beyond is left to come again. */
const keepAtMost = 256;

/** Makes the receiving side. Without subjects all messages come, as many as are asked for. */
export function createSocketInbox(clock: () => number, subjects: readonly string[]): SocketInbox {
  const changes = createChanges();
  let kept: { readonly delivery: Delivery; readonly until: number }[] = [];
  let isSubscribed = false;
  let allowed = 0;
  let refusal: TokenError | undefined;

  function reset(): void {
    isSubscribed = false;
    allowed = 0;
  }

  return {
    changes,
    reset,

    put(delivery) {
      allowed = Math.max(0, allowed - 1);
      if (kept.length < keepAtMost) kept.push({ delivery, until: clock() + keepFor });
      changes.tell();
    },

    refuse(reason) {
      refusal = reason;
      reset();
      changes.tell();
    },

    take(max) {
      const now = clock();
      // What was kept too long belongs to the bus again; and so it does after the clock was set back
      kept = kept.filter(({ until }) => now < until && until - now <= keepFor);
      const taken = kept.splice(0, max).map(({ delivery }) => delivery);
      if (taken.length > 0 || refusal === undefined) return taken;
      const reason = refusal;
      refusal = undefined;
      throw reason;
    },

    ask(connection, max) {
      if (subjects.length > 0) {
        if (!isSubscribed) connection.write(subscribeFrame(subjects));
        isSubscribed = true;
      } else if (allowed * 2 <= max) {
        connection.write(receiveFrame(max));
        allowed = max;
      }
    },
  };
}

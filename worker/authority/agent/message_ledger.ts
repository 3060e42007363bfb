// The ledger of an agent's messages, and those who wait there for the outcome of another one.

import type { Held, LedgerEntry, NonceStore, Reservation } from './nonce_store.ts';
import { createWaiters } from './waiters.ts';

/** How long a message waits for the outcome of another with the same nonce, in milliseconds. */
const patienceMs = 2_000;

/** A ledger as it is asked. */
export interface MessageLedger {
  /** Reserves a message's nonce, at once where nothing stands in the way. */
  reserve(entry: LedgerEntry): Promise<Reservation>;
  commit(entry: LedgerEntry): void;
  release(entry: LedgerEntry): void;
  settle(held: Held, stored: boolean): void;
}

/** Makes the ledger over an object's nonces. */
export function createMessageLedger(nonces: NonceStore): MessageLedger {
  const waiters = createWaiters();
  return {
    async reserve(entry) {
      const deadline = Date.now() + patienceMs;
      for (;;) {
        const now = Date.now();
        const reservation = nonces.reserve(entry, now);
        if (reservation.kind !== 'busy' || now >= deadline) return reservation;
        await waiters.waitFor(reservation.nonce, deadline - now);
      }
    },

    commit(entry) {
      nonces.commit(entry);
      waiters.wake(entry.nonce);
    },

    release(entry) {
      nonces.release(entry);
      waiters.wake(entry.nonce);
    },

    settle(held, stored) {
      nonces.settle(held, stored);
      waiters.wake(held.nonce);
    },
  };
}

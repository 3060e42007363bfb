// Publishes a message once: reserve its nonce, store it, then record that the nonce is used.

import { TokenError } from '../../src/verify/index.ts';
import type { Held, LedgerEntry, Reservation } from '../authority/agent/nonce_store.ts';
import type { Bus, BusMessage, StoreOutcome } from './bus.ts';

/** The sender's ledger of nonces: the `Agent` object, or what stands for it in a test. */
export interface Ledger {
  reserve(entry: LedgerEntry): Promise<Reservation>;
  commit(entry: LedgerEntry): Promise<void>;
  release(entry: LedgerEntry): Promise<void>;
  settle(held: Held, stored: boolean): Promise<void>;
}

/** What publishing needs of its surroundings. */
export interface PublishContext {
  readonly ledger: Ledger;
  readonly bus: Bus;
  /** What the ledger said already, when the request was admitted. */
  readonly reservation?: Reservation | undefined;
  /** Lets work go on after the answer. */
  readonly defer: (work: Promise<unknown>) => void;
}

// Two reservations can stand in the way, one by nonce and one by id; each is settled once
const maxRounds = 3;

/**
 * Publishes a message whose form, time, digest and sender were checked.
 *
 * Resolves when it is stored, now or before. A crash between the steps loses nothing and burns
 * nothing: the reservation then stands until somebody needs to know, who asks the bus.
 *
 * @throws TokenError `message_replayed`, `message_expired`, `rate_limited`, `bus_unavailable`
 */
export async function publishOnce(
  message: BusMessage,
  nonce: string,
  context: PublishContext,
): Promise<void> {
  const { id, digest, to, expiresAt, sender } = message;
  const entry: LedgerEntry = { nonce, id, digest, to, expiresAt };
  const { ledger, bus } = context;
  for (let round = 0; round < maxRounds; round++) {
    const known = round === 0 ? context.reservation : undefined;
    const reservation = known ?? (await reachable(ledger.reserve(entry)));
    switch (reservation.kind) {
      case 'stored':
        return;
      case 'replayed':
        throw new TokenError('message_replayed');
      case 'busy':
        throw new TokenError('bus_unavailable');
      case 'granted':
        return storeGranted(message, entry, reservation.storeBefore, context);
      case 'unresolved': {
        const { held } = reservation;
        const stored = await reachable(bus.holds({ ...held, sender }));
        await reachable(ledger.settle(held, stored));
      }
    }
  }
  throw new TokenError('bus_unavailable');
}

async function storeGranted(
  message: BusMessage,
  entry: LedgerEntry,
  storeBefore: number,
  { ledger, bus, defer }: PublishContext,
): Promise<void> {
  // A failed call may have stored the message all the same: then nothing is released
  const outcome = await reachable(bus.publish(message, storeBefore));
  const isStored = outcome === 'stored' || outcome === 'duplicate';
  defer((isStored ? ledger.commit(entry) : ledger.release(entry)).catch(() => undefined));
  refuse(outcome);
}

function refuse(outcome: StoreOutcome): void {
  switch (outcome) {
    case 'stored':
    case 'duplicate':
      return;
    case 'conflict':
      throw new TokenError('message_replayed');
    case 'full':
      throw new TokenError('rate_limited');
    case 'expired':
      throw new TokenError('message_expired');
    case 'late':
      throw new TokenError('bus_unavailable');
  }
}

async function reachable<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    throw new TokenError('bus_unavailable', { cause });
  }
}

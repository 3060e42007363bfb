// Bus: what carries checked envelopes from senders to mailboxes, whichever bus it is.

/** How long a lease lasts, in milliseconds. */
export const leaseMs = 30_000;

/** An envelope that passed every check, with what the bus needs to know of it. */
export interface BusMessage {
  /** The authenticated presenter, whatever `from` says. */
  readonly sender: string;
  /** The authenticated actors of a delegation, newest first; empty without delegation. */
  readonly via: readonly string[];
  /** An agent id, or `*`. */
  readonly to: string;
  /** The envelope's `id` in lower case: with the sender, what de-duplication goes by. */
  readonly id: string;
  /** SHA-256 of the whole message as sent, hex. */
  readonly digest: string;
  /** `ts`, in milliseconds since the epoch. */
  readonly sentAt: number;
  /** `ts` + `ttl`, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The message exactly as sent. */
  readonly body: string;
}

/** A message that a bus stored, or did not, and why not. */
export type StoreOutcome =
  | 'stored'
  /** The same message is stored already. */
  | 'duplicate'
  /** The sender's id is stored already with other bytes. */
  | 'conflict'
  /** The mailbox is at one of its caps. */
  | 'full'
  | 'expired'
  /** `storeBefore` has passed. */
  | 'late';

/** Which message is meant, wherever it may be. */
export type MessageKey = Pick<BusMessage, 'sender' | 'to' | 'id' | 'digest'>;

/** A message leased to its recipient. */
export interface Delivery {
  readonly sender: string;
  readonly via: readonly string[];
  /** Milliseconds since the epoch. */
  readonly leaseUntil: number;
  readonly body: string;
}

/** How a recipient waits. */
export interface ReceiveOptions {
  readonly max: number;
  /** Milliseconds since the epoch until which to wait for a first message. */
  readonly waitUntil: number;
  /** Called after a wait and before anything is leased; what it throws ends the wait. */
  readonly beforeLease: () => Promise<void>;
}

/** What is in a mailbox. */
export interface Depth {
  readonly mailbox: string;
  readonly queued: number;
  readonly leased: number;
}

/** One page of known mailboxes. */
export interface DepthPage {
  readonly mailboxes: readonly Depth[];
  /** Where the next page begins, if there is one. */
  readonly next: string | undefined;
}

/** A bus. Every method rejects when the bus cannot be reached; then nothing is known. */
export interface Bus {
  /**
   * Stores a message, once by (sender, id), durably before it resolves. Stores nothing after
   * `storeBefore` (milliseconds since the epoch), however long the call was under way.
   */
  publish(message: BusMessage, storeBefore: number): Promise<StoreOutcome>;
  /** Whether a message is stored, or was, and cannot have expired since. */
  holds(message: MessageKey): Promise<boolean>;
  /** Leases up to `max` messages in order of time, waiting for a first one. */
  receive(mailbox: string, options: ReceiveOptions): Promise<readonly Delivery[]>;
  /** Removes delivered messages with this id, of one sender or of any. */
  acknowledge(mailbox: string, id: string, sender?: string): Promise<void>;
  status(mailbox: string): Promise<Depth>;
  list(after: string, limit: number): Promise<DepthPage>;
}

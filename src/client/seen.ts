// Which messages were seen: what comes again while it is in hand, or after it was acknowledged, is no news.

/** What tells messages apart: a sender's ids are its own. */
export interface MessageName {
  readonly id: string;
  readonly sender: string;
}

/** What is known of a message that comes. */
export type Sighting = 'new' | 'in_hand' | 'acknowledged';

/** Remembers messages, for a time and in a number that are bounded. */
export interface Seen {
  look(message: MessageName): Sighting;
  /** Handed out: as long as it is leased it must not be handed out again. */
  hand(message: MessageName): void;
  /** Its handling goes on, however long that takes. */
  keep(message: MessageName): void;
  /** Its handling broke off: it may come again. */
  drop(message: MessageName): void;
  /** Acknowledged; by id alone where no sender is named. */
  acknowledge(message: { readonly id: string; readonly sender?: string }): void;
}

/** A little less than the bus's lease of 30 s, which began before the message came. Seconds. */
const lease = 25;
/** The longest that a message lives, and what its sender's clock may be ahead. Seconds. */
const lifetime = 3660;
const most = 8192;

interface Entry {
  readonly state: Exclude<Sighting, 'new'>;
  /** Seconds since the epoch. */
  readonly until: number;
}

/** Makes the memory. */
export function createSeen(clock: () => number): Seen {
  const entries = new Map<string, Entry>();
  // An id has only hexadecimal digits and dashes, so the space cannot be mistaken
  const keyOf = ({ id, sender }: MessageName): string => `${id.toLowerCase()} ${sender}`;

  function set(key: string, state: Entry['state'], seconds: number): void {
    entries.delete(key);
    entries.set(key, { state, until: clock() + seconds });
    for (const [oldest, { until }] of entries) {
      if (entries.size <= most && until > clock()) return;
      entries.delete(oldest);
    }
  }

  return {
    look(message) {
      const entry = entries.get(keyOf(message));
      return entry === undefined || entry.until <= clock() ? 'new' : entry.state;
    },
    hand: (message) => set(keyOf(message), 'in_hand', lease),
    keep: (message) => set(keyOf(message), 'in_hand', lifetime),
    drop: (message) => void entries.delete(keyOf(message)),
    acknowledge({ id, sender }) {
      if (sender !== undefined) return set(keyOf({ id, sender }), 'acknowledged', lifetime);
      const named = [...entries.keys()].filter((key) => key.startsWith(`${id.toLowerCase()} `));
      for (const key of named) set(key, 'acknowledged', lifetime);
    },
  };
}

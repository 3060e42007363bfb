// A value that lives elsewhere and is kept fresh in this isolate by those who ask for it.

/** What a fresh value needs. Times in milliseconds. */
export interface FreshValueOptions<T> {
  /** Fetches the value; gets the one that is held, to answer with it when nothing changed. */
  readonly load: (held: T | undefined) => Promise<T>;
  /** At most one fetch in this time. */
  readonly refreshEvery: number;
  /** Older than this, a value is used only if it cannot be fetched within `patience`. */
  readonly waitBeyond: number;
  readonly patience: number;
  readonly now: () => number;
  /** Keeps a fetch alive beyond the request that began it. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** A value with its age. */
export interface FreshValue<T> {
  /**
   * The value, at once where it is fresh; `undefined` when none is at most `ceiling` old. Its age
   * counts from when its fetch was begun. Never rejects.
   */
  get(ceiling: number): T | undefined | Promise<T | undefined>;
  /** Fetches again, unless a fetch was begun less than `refreshEvery` ago. Never rejects. */
  refresh(): Promise<void>;
  /** Lets the next `get` fetch, whenever the last fetch was. */
  invalidate(): void;
}

interface Flight {
  readonly landing: Promise<void>;
  readonly sentAt: number;
}

/**
 * Makes a value that nobody has fetched yet.
 *
 * I/O belongs to the request that began it: when that request is cancelled, the promise that others
 * share never settles. So each waiter has a deadline of its own; after it, the first to notice
 * fetches anew.
 */
export function createFreshValue<T extends object>(options: FreshValueOptions<T>): FreshValue<T> {
  const { load, now, waitUntil, refreshEvery, waitBeyond, patience } = options;
  let held: T | undefined;
  let heldSentAt = -Infinity;
  let lastSentAt = -Infinity;
  let current: Flight | undefined;

  /** After the clock was set back nobody knows how old the value is: then it counts as too old. */
  const age = (): number => (now() < heldSentAt ? Infinity : now() - heldSentAt);
  const isLost = (flight: Flight): boolean =>
    now() < flight.sentAt || now() - flight.sentAt >= patience;

  async function fly(sentAt: number): Promise<void> {
    const value = await load(held);
    // One that was given up may land after its successor: the newer question has the newer answer
    if (sentAt < heldSentAt && heldSentAt <= now()) return;
    held = value;
    heldSentAt = sentAt;
  }

  function begin(): Flight {
    const sentAt = now();
    lastSentAt = sentAt;
    const landing = fly(sentAt)
      .catch(() => undefined)
      .finally(() => {
        if (current === flight) current = undefined;
      });
    const flight: Flight = { landing, sentAt };
    current = flight;
    try {
      waitUntil(landing);
    } catch {
      // Outside of a request it cannot be kept alive; each waiter has its own deadline
    }
    return flight;
  }

  /** The fetch to wait for: the one under way, or a new one where that is allowed. */
  function flight(): Flight | undefined {
    if (current !== undefined) return isLost(current) ? begin() : current;
    const since = now() - lastSentAt;
    return since < 0 || since >= refreshEvery ? begin() : undefined;
  }

  async function refresh(): Promise<void> {
    const first = flight();
    if (first === undefined || (await landsWithin(first, patience))) return;
    // Its owner may be gone: once more, and then without
    const second = flight();
    if (second !== undefined) await landsWithin(second, patience);
  }

  async function getLater(ceiling: number): Promise<T | undefined> {
    await refresh();
    return age() <= ceiling ? held : undefined;
  }

  return {
    get(ceiling) {
      if (age() > Math.min(waitBeyond, ceiling)) return getLater(ceiling);
      if (age() >= refreshEvery) flight();
      return held;
    },
    refresh,
    invalidate() {
      lastSentAt = -Infinity;
      heldSentAt = Math.min(heldSentAt, now() - waitBeyond - 1);
      current = undefined;
    },
  };
}

async function landsWithin({ landing }: Flight, milliseconds: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([landing.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

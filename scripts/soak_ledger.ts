// What the soak counts: calls and their times, what was accepted and what arrived, and what went wrong

/** A line of the table. */
export interface OperationLine {
  readonly name: string;
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

/** The counts of a run. */
export interface Ledger {
  /** Times a call, and counts it under a name. */
  timed<T>(name: string, call: () => Promise<T>): Promise<T>;
  /** A message that the gateway has accepted. */
  accepted(id: string, recipient: string): void;
  /** A message that was received by its reader and acknowledged. */
  arrived(id: string): void;
  /** Something that must not happen. The first of each kind is kept. */
  fault(kind: string, detail: string): void;
  operations(): readonly OperationLine[];
  faults(): ReadonlyMap<string, { readonly count: number; readonly first: string }>;
  /** Messages that were accepted and did not arrive yet. */
  missing(): readonly string[];
  /** Messages that arrived more than once, which at-least-once allows. */
  readonly repeated: () => number;
  readonly acceptedCount: () => number;
}

/** Times kept for each name: enough for a p99, and bounded. */
const keep = 20_000;

/** Makes an empty ledger. */
export function createLedger(): Ledger {
  const times = new Map<string, { count: number; kept: number[] }>();
  const open = new Map<string, string>();
  const done = new Set<string>();
  const found = new Map<string, { count: number; first: string }>();
  let accepted = 0;
  let repeated = 0;
  return {
    async timed(name, call) {
      const began = performance.now();
      try {
        return await call();
      } finally {
        const entry = times.get(name) ?? { count: 0, kept: [] };
        entry.kept[entry.count % keep] = performance.now() - began;
        entry.count++;
        times.set(name, entry);
      }
    },
    accepted(id, recipient) {
      accepted++;
      if (!done.has(id)) open.set(id, recipient);
    },
    arrived(id) {
      if (done.has(id)) repeated++;
      done.add(id);
      open.delete(id);
    },
    fault(kind, detail) {
      const entry = found.get(kind) ?? { count: 0, first: detail };
      entry.count++;
      found.set(kind, entry);
    },
    operations: () =>
      [...times].map(([name, { count, kept }]) => {
        const sorted = kept.toSorted((one, other) => one - other);
        const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
        return { name, count, p50: at(0.5), p99: at(0.99) };
      }),
    faults: () => found,
    missing: () => [...open].map(([id, recipient]) => `${id} to ${recipient}`),
    repeated: () => repeated,
    acceptedCount: () => accepted,
  };
}

// How often an address may present what turns out to be nothing: so that guessing stays away from objects.

/** Counts failed attempts by address, in this isolate. */
export interface Attempts {
  mayTry(address: string): boolean;
  failed(address: string): void;
}

/** Limits of {@link createAttempts}. */
export interface AttemptLimits {
  /** Failures of one address within a window, after which it waits for the window's end. */
  readonly perAddress: number;
  readonly windowMs: number;
  /** Addresses that are counted at once; beyond that the oldest are forgotten. */
  readonly maxAddresses: number;
}

const defaults: AttemptLimits = { perAddress: 20, windowMs: 10_000, maxAddresses: 10_000 };

/** The address that a request comes from, as the platform says. */
export function addressOf({ headers }: Request): string {
  return headers.get('cf-connecting-ip') ?? '';
}

/** Makes the counts. `now` in milliseconds since the epoch. */
export function createAttempts(now: () => number, limits: Partial<AttemptLimits> = {}): Attempts {
  const { perAddress, windowMs, maxAddresses } = { ...defaults, ...limits };
  const counts = new Map<string, { readonly until: number; failures: number }>();

  const current = (address: string): { failures: number } | undefined => {
    const count = counts.get(address);
    if (count === undefined || count.until > now()) return count;
    counts.delete(address);
    return undefined;
  };

  return {
    mayTry: (address) => (current(address)?.failures ?? 0) < perAddress,

    failed(address) {
      const count = current(address);
      if (count !== undefined) {
        count.failures++;
        return;
      }
      const [oldest] = counts.keys();
      if (counts.size >= maxAddresses && oldest !== undefined) counts.delete(oldest);
      counts.set(address, { until: now() + windowMs, failures: 1 });
    },
  };
}

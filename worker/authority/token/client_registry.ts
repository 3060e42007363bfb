// The registrations of clients in this isolate: known ones and misses for a while, both bounded.

import { localKeys, type VerificationKey } from '../../../src/verify/index.ts';
import { createBoundedMap } from '../../bounded_map.ts';
import type { LookupBudget } from '../http/lookup_budget.ts';
import type { Registration } from '../agent/registration.ts';

/** A client as it was registered when its object was last asked. */
export interface KnownClient {
  readonly registration: Registration;
  /** Its key, ready to verify with; `undefined` as long as it has none. */
  readonly key: VerificationKey | undefined;
}

/** Finds clients. What it finds may be some seconds old: objects decide, when something is issued. */
export interface ClientRegistry {
  /** The client of an id, for a request from an address that may have asked for too many. */
  find(id: string, address: string): Promise<KnownClient | undefined | 'rate_limited'>;
  /** Asks the object of a known client again, at most five times a second: its key may be a new one. */
  findAgain(id: string): Promise<KnownClient | undefined>;
  /** Makes the next request of a client ask its object. */
  forget(id: string): void;
  /** Whether an address has asked for too many ids that do not exist. */
  isSpent(address: string): boolean;
}

/** What a registry needs. */
export interface ClientRegistryOptions {
  /** Asks the object of an id, which writes nothing for an unknown one. */
  readonly load: (id: string) => Promise<Registration | null>;
  readonly budget: LookupBudget;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const maxEntries = 5000;
const knownFor = 30_000;
const missedFor = 10_000;
const askEvery = 200;

interface Entry {
  readonly client: KnownClient | undefined;
  readonly askedAt: number;
}

async function importKey({ jwk }: Registration): Promise<VerificationKey | undefined> {
  if (jwk === undefined) return undefined;
  const { alg, kid } = jwk;
  const source = await localKeys({ keys: [{ ...jwk }] });
  return source.find({ alg, kid });
}

/** Makes a registry that knows nobody yet. */
export function createClientRegistry(options: ClientRegistryOptions): ClientRegistry {
  const { load, budget, now } = options;
  const known = createBoundedMap<Entry>(maxEntries);
  // Apart from the known ones, so that guesses cannot drive those out
  const missed = createBoundedMap<Entry>(maxEntries);

  const age = ({ askedAt }: Entry): number => (now() < askedAt ? Infinity : now() - askedAt);

  async function ask(id: string): Promise<KnownClient | undefined> {
    const askedAt = now();
    const registration = await load(id);
    const client =
      registration === null ? undefined : { registration, key: await importKey(registration) };
    (client === undefined ? missed : known).set(id, { client, askedAt });
    (client === undefined ? known : missed).delete(id);
    return client;
  }

  async function askOnBudget(
    id: string,
    address: string,
  ): Promise<KnownClient | undefined | 'rate_limited'> {
    if (!(await budget.enter(address))) return 'rate_limited';
    // A failure to ask counts as found: it says nothing against who asked
    let found = true;
    try {
      const client = await ask(id);
      found = client !== undefined;
      return client;
    } finally {
      budget.leave(address, found);
    }
  }

  return {
    forget: (id) => known.delete(id),
    isSpent: (address) => budget.isSpent(address),

    async find(id, address) {
      const entry = known.get(id);
      if (entry !== undefined && age(entry) < knownFor) return entry.client;
      const miss = missed.get(id);
      if (miss !== undefined && age(miss) < missedFor) return undefined;
      // One that was there a moment ago is no guess
      return entry === undefined ? askOnBudget(id, address) : ask(id);
    },

    async findAgain(id) {
      const entry = known.get(id);
      if (entry === undefined || age(entry) < askEvery) return entry?.client;
      // Before it is asked: others of the same moment do not ask too
      known.set(id, { ...entry, askedAt: now() });
      return ask(id);
    },
  };
}

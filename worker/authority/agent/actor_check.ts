// Whether the delegate that a hop names is the agent registered under that id: it must hold that agent's key.

import { createBoundedMap } from '../../bounded_map.ts';
import type { Registration } from './registration.ts';

/** Tells whether the agent registered under an id holds the key with this thumbprint. */
export type ActorCheck = (agentId: string, jkt: string) => Promise<boolean>;

/** The check, and what it remembers. */
export interface Actors {
  readonly authenticate: ActorCheck;
  /** Lets the next question about an id ask its object, which knows better. */
  readonly forget: (agentId: string) => void;
}

/** What the check needs. */
export interface ActorCheckOptions {
  /** Asks the object of an id, which writes nothing for an unknown one. */
  readonly load: (id: string) => Promise<Registration | null>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Entry {
  readonly jkt: string | undefined;
  readonly askedAt: number;
}

const maxEntries = 5000;
/** A key that was replaced, and an agent that was disabled, are revoked: an answer need not be newer. */
const knownFor = 10_000;
const askEvery = 200;

/** Makes a check that knows nobody yet. */
export function createActorCheck({ load, now }: ActorCheckOptions): Actors {
  const known = createBoundedMap<Entry>(maxEntries);

  const authenticate: ActorCheck = async (agentId, jkt) => {
    const askedAt = now();
    const entry = known.get(agentId);
    if (entry !== undefined && askedAt >= entry.askedAt) {
      const age = askedAt - entry.askedAt;
      // A key that is not the known one may be a new one, but not at every request
      if (age < (entry.jkt === jkt ? knownFor : askEvery)) return entry.jkt === jkt;
    }
    const found = await load(agentId);
    const held = found === null || found.disabled ? undefined : found.jkt;
    known.set(agentId, { jkt: held, askedAt });
    return held === jkt;
  };
  return { authenticate, forget: (agentId) => known.delete(agentId) };
}

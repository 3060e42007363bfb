// Presence: which agents were let through lately. In memory only, and bounded.

/** Who was there. Times in milliseconds. */
export interface Presence {
  seen(agent: string, now: number): void;
  present(now: number): readonly string[];
}

const presentFor = 300_000;
const maxAgents = 50_000;

/** Makes the presence of nobody. */
export function createPresence(): Presence {
  // In the order in which they were seen last: the first ones are the first to go
  const agents = new Map<string, number>();

  function purge(now: number): void {
    for (const [agent, at] of agents) {
      if (at > now - presentFor && agents.size <= maxAgents) break;
      agents.delete(agent);
    }
  }

  return {
    seen(agent, now) {
      agents.delete(agent);
      agents.set(agent, now);
      purge(now);
    },
    present(now) {
      purge(now);
      return [...agents.keys()];
    },
  };
}

// The services behind the routes: the configured bus, and each sender's ledger.

import { createDurableBus } from '../bus/durable.ts';
import type { Bindings, Config } from '../env.ts';
import type { Services } from '../target.ts';

/** Makes the services of a configuration. `defer` lets work go on after the answer. */
export function createServices(
  _config: Config,
  bindings: Bindings,
  defer: Services['defer'],
): Services {
  return {
    bus: createDurableBus(bindings),
    ledgerOf: (agentId) => bindings.AGENT.getByName(agentId),
    defer,
    now: () => Date.now(),
  };
}

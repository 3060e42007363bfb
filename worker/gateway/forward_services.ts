// The services behind the routes: the configured bus, and each sender's ledger.

import type { Bindings, Config } from '../env.ts';
import type { Services } from '../target.ts';
import { createConfiguredBus, type CarrierMaker } from './forward_bus.ts';

/** Makes the services of a configuration. `defer` lets work go on after the answer. */
export function createServices(
  config: Config,
  bindings: Bindings,
  defer: Services['defer'],
  nats?: CarrierMaker,
): Services {
  return {
    bus: createConfiguredBus(config, bindings, nats),
    ledgerOf: (agentId) => bindings.AGENT.getByName(agentId),
    defer,
    now: () => Date.now(),
  };
}

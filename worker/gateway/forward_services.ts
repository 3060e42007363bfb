// The services behind the routes: the configured bus, and each sender's ledger.

import { openingRequest } from '../bus/connect.ts';
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
    openSocket: (mailbox, presented) =>
      bindings.MAILBOX.getByName(mailbox).fetch(openingRequest({ mailbox, presented })),
    defer,
    now: () => Date.now(),
  };
}

// The bus that BUS names: the embedded one, one elsewhere, or one that the Worker's entry has brought.

import type { Bus } from '../bus/bus.ts';
import { createBus, type Carrier } from '../bus/carrier.ts';
import { createDurableBus } from '../bus/durable.ts';
import { createHttpCarrier } from '../bus/http.ts';
import type { Bindings, Config } from '../env.ts';
import { ConfigError } from '../env_values.ts';

/** Makes a carrier that is too heavy for every Worker. Throws ConfigError where something is not bound. */
export type CarrierMaker = (env: object) => Carrier;

/** Makes the configured bus. Reaches nothing yet. */
export function createConfiguredBus(
  { bus }: Pick<Config, 'bus'>,
  bindings: Bindings,
  nats: CarrierMaker | undefined,
): Bus {
  if (bus.kind === 'durable') return createDurableBus(bindings);
  if (bus.kind === 'http') return createBus(httpCarrier(bus, bindings));
  if (nats === undefined) throw new ConfigError('BUS', 'is "nats": deploy worker/nats.ts');
  return createBus(nats(bindings));
}

function httpCarrier(
  { url, secret }: Extract<Config['bus'], { readonly kind: 'http' }>,
  { BUS_SERVICE: service }: Bindings,
): Carrier {
  if (url !== undefined)
    return createHttpCarrier({ url, secret, fetch: (to, init) => fetch(to, init) });
  if (service === undefined) {
    throw new ConfigError('BUS_URL', 'is required, or a service bound as BUS_SERVICE');
  }
  // A binding reaches its Worker by any name
  const named = { url: 'https://bus.internal', secret };
  return createHttpCarrier({ ...named, fetch: (to, init) => service.fetch(to, init) });
}

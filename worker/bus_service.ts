// A Worker that is a bus and nothing else: the embedded one, for gateways elsewhere that hold its secret.

import { createDurableCarrier, type DurableBusObjects } from './bus/durable.ts';
import { serveBus } from './bus/service.ts';
import { readServiceSecrets } from './env_bus.ts';
import { ConfigError } from './env_values.ts';
import { logError } from './observe/log.ts';

export { Directory } from './directory.ts';
export { Mailbox } from './bus/mailbox.ts';
export { Outbox } from './bus/outbox.ts';

interface BusService {
  fetch(
    request: Request,
    env: DurableBusObjects & Readonly<Record<string, unknown>>,
  ): Promise<Response>;
}

function secretsOf(env: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  try {
    return readServiceSecrets(env);
  } catch (error) {
    const fault = error instanceof ConfigError ? error.message : 'The bus cannot start';
    logError('configuration_refused', { variable: 'BUS_SECRET', fault });
    return undefined;
  }
}

const service: BusService = {
  async fetch(request, env) {
    const secrets = secretsOf(env);
    if (secrets === undefined) return new Response(null, { status: 503 });
    return serveBus(request, createDurableCarrier(env), secrets);
  },
};

export default service;

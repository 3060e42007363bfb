// The embedded bus and the bus protocol keep the contract of buses

import { env } from 'cloudflare:workers';
import { afterEach, vi } from 'vitest';
import { createDurableCarrier } from '../../worker/bus/durable.ts';
import { createHttpCarrier } from '../../worker/bus/http.ts';
import { serveBus } from '../../worker/bus/service.ts';
import { describeBus } from '../support/bus_contract.ts';
import { advanceClock } from './support.ts';

const secret = 'a-secret-that-only-gateways-hold-0123456789';
const durable = createDurableCarrier(env);

const endLeases = async (): Promise<void> => advanceClock(30_000);

afterEach(() => {
  vi.useRealTimers();
});

describeBus('The embedded bus', () => ({ carrier: durable, endLeases }));

describeBus('The bus protocol', () => ({
  carrier: createHttpCarrier({
    url: 'https://bus.example/swarm',
    secret,
    fetch: (url, init) => {
      const request = new Request(url.replace('/swarm/', '/'), init);
      return serveBus(request, durable, [secret]);
    },
  }),
  endLeases,
}));

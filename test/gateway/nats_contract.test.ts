// The bus on NATS keeps the contract of buses, against a real nats-server

import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { Carrier } from '../../worker/bus/carrier.ts';
import { createNatsCarrier } from '../../worker/bus/nats/carrier.ts';
import { describeBus } from '../support/bus_contract.ts';
import { startNats, type NatsServer } from '../support/nats_server.ts';

// Long enough for what a test does under one lease, and short enough to wait for its end
const leaseMs = 5000;
let server: NatsServer;
let carrier: Carrier;

beforeAll(async () => {
  server = await startNats();
  carrier = createNatsCarrier({ url: server.url, secret: undefined, leaseMs });
});

afterAll(async () => {
  await server.stop();
});

describeBus('The bus on NATS', () => ({ carrier, endLeases: () => pause(leaseMs + 200) }));

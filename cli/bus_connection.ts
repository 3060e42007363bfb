// The bus as one agent uses it: the options that the bus commands share, and the client that they make

import type { Command } from 'commander';
import {
  createBusClient,
  createTokenSource,
  type BusClient,
  type BusClientOptions,
} from '../src/index.ts';
import {
  addGateway,
  addIssuer,
  authorityAt,
  gatewayUrl,
  namedKey,
  type ConnectionOptions,
} from './connection.ts';
import { usage } from './output/failure.ts';
import { readAgentId } from './input/options.ts';

/** The shared options. */
export interface BusOptions extends ConnectionOptions {
  readonly id: string;
}

/** Adds who uses the bus, and where it is. */
export function addBusAgent(command: Command): Command {
  return addIssuer(addGateway(command))
    .requiredOption('--id <agent id>', 'the agent whose mailbox and name it is', readAgentId)
    .option('--key <file>', 'its private key (default: SWARMGATE_KEY)');
}

/** Runs work with a client, which ends with it. */
export async function withBus(
  options: BusOptions,
  how: Partial<BusClientOptions>,
  work: (bus: BusClient) => Promise<void>,
): Promise<void> {
  const url = gatewayUrl(options);
  const key = await namedKey(options);
  const bus = open({ ...how, url }, () =>
    createTokenSource({ ...authorityAt(url, options.issuer), clientId: options.id, key }),
  );
  try {
    await work(bus);
  } finally {
    await bus.close();
  }
}

function open(
  options: BusClientOptions,
  makeSource: () => ReturnType<typeof createTokenSource>,
): BusClient {
  try {
    return createBusClient({ ...options, source: makeSource() });
  } catch (error) {
    if (error instanceof TypeError) throw usage(`The bus cannot be used: ${error.message}`);
    throw error;
  }
}

// `npm start`: the gateway on this machine with development keys, after it has shown that it works

import { join } from 'node:path';
import { curlLines } from './curl_lines.ts';
import { demonstrate } from './demonstration.ts';
import { developmentFolder, readKeys } from './dev_keys.ts';
import { developmentVariables } from './dev_variables.ts';
import { dashboardCode, dashboardLines } from './dashboard_code.ts';
import type { Gateway } from './gateway.ts';
import type { LivingSwarm } from './living_swarm.ts';
import { findPort, host, readPort } from './port.ts';
import { endOnSignals } from './signals.ts';

let gateway: Gateway | undefined;
let swarm: LivingSwarm | undefined;

endOnSignals(end);
try {
  await start();
} catch (error) {
  console.error(error instanceof Error ? error.message : 'The gateway cannot start');
  await end(1);
}

async function start(): Promise<void> {
  const port = readPort(process.env);
  if ((await findPort(port)) === undefined) {
    throw new Error(
      `Port ${port} is in use: end what listens there, or choose another: PORT=${port + 1} npm start`,
    );
  }
  const url = `http://${host}:${port}`;
  const keys = await readKeys();
  const { variables, operator } = developmentVariables(process.env, url, keys);
  // A folder for each port, since its state names the address
  const stateFolder = join(developmentFolder, 'state', String(port));
  // Only now: it takes a second to load
  const { startGateway } = await import('./gateway.ts');
  gateway = await startGateway({ port, variables, stateFolder });
  // Miniflare's own handlers would end the process at once, with the exit code of a failure
  endOnSignals(end);
  if (operator === undefined) {
    console.log(
      'Its issuer, operator or tiers are yours: no demonstration with development keys\n',
    );
  } else {
    if (!process.argv.includes('--no-demo') && !(await demonstrate({ url, operator }))) {
      throw new Error('The demonstration failed: the gateway does not do what it must');
    }
    console.log(curlLines(url));
    console.log(dashboardLines(url, await dashboardCode({ url, operator })));
    if (!process.argv.includes('--no-swarm')) {
      const { startLivingSwarm } = await import('./living_swarm.ts');
      swarm = await startLivingSwarm({ url, operator });
      console.log(
        'Four agents are at work, for it to show; npm start -- --no-swarm leaves them out',
      );
    }
    console.log();
  }
  console.log(`ready ${url}`);
}

async function end(exitCode: number): Promise<never> {
  // Whatever happens there, nobody waits longer: the exit ends workerd too
  const patience = new Promise((resolve) => setTimeout(resolve, 3000).unref());
  await Promise.race([stop(), patience]);
  process.exit(exitCode);
}

async function stop(): Promise<void> {
  await swarm?.stop().catch(() => {});
  await gateway?.stop().catch(() => {});
}

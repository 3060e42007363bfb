// `npm run demo`: the demonstration against the running gateway, or against one of its own

import { setTimeout as pause } from 'node:timers/promises';
import { isOperatorOf, type Stage } from './demo_swarm.ts';
import { demonstrate } from './demonstration.ts';
import { hasKeys, makeKeys, readKeys } from './dev_keys.ts';
import { developmentVariables } from './dev_variables.ts';
import { isHealthy, startGateway } from './gateway.ts';
import { findPort, host, readPort } from './port.ts';

try {
  const running = await runningStage();
  const good = running === undefined ? await demonstrateAlone() : await demonstrate(running);
  process.exitCode = good ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : 'The demonstration failed');
  process.exitCode = 1;
}
// Lets what was printed come out: something else may keep the process from ending by itself
await pause(50);
process.exit();

/** The gateway at the address, if it runs and takes this folder's operator for its own. */
async function runningStage(): Promise<Stage | undefined> {
  const url = `http://${host}:${readPort(process.env)}`;
  if (!hasKeys() || !(await isHealthy(url))) return undefined;
  const { operator } = developmentVariables(process.env, url, await readKeys());
  if (operator === undefined) return undefined;
  const stage = { url, operator };
  return (await isOperatorOf(stage)) ? stage : undefined;
}

/** A free port, new keys, and state that goes with the gateway; the environment has no say in it. */
async function demonstrateAlone(): Promise<boolean> {
  const port = await findPort(0);
  if (port === undefined) throw new Error('No port is free');
  const url = `http://${host}:${port}`;
  const { variables, operator } = developmentVariables({}, url, await makeKeys());
  const gateway = await startGateway({ port, variables });
  try {
    return operator !== undefined && (await demonstrate({ url, operator }));
  } finally {
    await gateway.stop();
  }
}

// `npm run demo`: the demonstration against the running gateway, or against one of its own

import { setTimeout as pause } from 'node:timers/promises';
import { createIssuer } from '../src/index.ts';
import { demonstrate, type Stage } from './demonstration.ts';
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

/** The gateway at the address, if it runs and trusts this folder's keys. */
async function runningStage(): Promise<Stage | undefined> {
  const url = `http://${host}:${readPort(process.env)}`;
  if (!hasKeys() || !(await isHealthy(url))) return undefined;
  const { signer } = developmentVariables(process.env, url, await readKeys());
  if (signer === undefined) return undefined;
  const { key, issuer, audience } = signer;
  const request = { sub: 'demo-planner', tier: 'fast', scope: [] };
  const token = await createIssuer({ key, issuer, audience }).issueAgentToken(request);
  const headers = { Authorization: `Bearer ${token}` };
  const { ok } = await fetch(`${url}/whoami`, { headers, signal: AbortSignal.timeout(5000) });
  return ok ? { url, key, issuer, audience } : undefined;
}

/** A free port, new keys, and state that goes with the gateway; the environment has no say in it. */
async function demonstrateAlone(): Promise<boolean> {
  const port = await findPort(0);
  if (port === undefined) throw new Error('No port is free');
  const url = `http://${host}:${port}`;
  const { variables, signer } = developmentVariables({}, url, await makeKeys());
  const gateway = await startGateway({ port, variables });
  try {
    return signer !== undefined && (await demonstrate({ url, ...signer }));
  } finally {
    await gateway.stop();
  }
}

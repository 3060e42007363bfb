// `npm run soak -- [minutes] [agents]`: constant mixed load; memory flat, nothing lost, no identity crossed

import { findPort, host } from './port.ts';
import { endOnSignals } from './signals.ts';
import { growthOf, longFromMinutes, type Course, type MemoryReport } from './soak_flatness.ts';
import { connectInspector } from './soak_inspector.ts';
import { createLedger, type Ledger } from './soak_ledger.ts';
import { presentAll, startLoad } from './soak_load.ts';
import { watchMemory } from './soak_memory.ts';
import { makeSoakKeys, makeSoakSwarm, soakVariables } from './soak_swarm.ts';
import type { Gateway } from './gateway.ts';

/** Everything that is not the load itself: start, what is under way at the end; each agent. Milliseconds. */
const beside = { all: 180_000, agent: 20 } as const;
/** The part of the time in which caches fill and code is compiled, which counts for nothing. */
const warmUp = 0.5;
/** So short that every agent renews several times, and so long that few expired ones fill caches. Seconds. */
const tokenSeconds = { short: 10, long: 60 } as const;

const [minutes, agents] = readArguments(process.argv.slice(2));
let gateway: Gateway | undefined;

setTimeout(
  () => {
    console.error('The soak did not end in time');
    process.exit(1);
  },
  minutes * 60_000 + beside.all + agents * beside.agent,
).unref();
endOnSignals(end);
try {
  await end((await soak()) ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : 'The soak failed');
  await end(1);
}

async function soak(): Promise<boolean> {
  const port = await freePort();
  const inspectorPort = await freePort(port);
  const keys = await makeSoakKeys();
  const { startGateway } = await import('./gateway.ts');
  const url = `http://${host}:${port}`;
  const life = minutes < longFromMinutes ? tokenSeconds.short : tokenSeconds.long;
  gateway = await startGateway({
    port,
    variables: soakVariables(url, keys, life),
    inspectorPort,
  });
  // Miniflare's own handlers would end the process at once, with the exit code of a failure
  endOnSignals(end);
  const enrolled = Math.max(8, Math.min(50, Math.floor(agents / 20)));
  const swarm = await makeSoakSwarm(url, keys, { size: agents, enrolled });
  console.log(`${agents} agents with a token each, ${enrolled} enrolled; ${minutes} min at ${url}`);

  const memory = watchMemory(await connectInspector(inspectorPort, 'gateway'));
  const ledger = createLedger();
  const stage = { url, swarm, ledger };
  await presentAll(stage);
  const load = startLoad(stage);
  await passed(minutes * warmUp);
  await memory.begin();
  await passed(minutes * (1 - warmUp));
  const measured = await memory.stop();
  await load.stop();
  print(ledger, measured);
  return judge(ledger, measured);
}

/** A port that is free, and not the one that is spoken for. */
async function freePort(taken?: number): Promise<number> {
  for (let tries = 0; tries < 10; tries++) {
    const port = await findPort(0);
    if (port !== undefined && port !== taken) return port;
  }
  throw new Error('No port is free');
}

function passed(time: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, time * 60_000));
}

function print(ledger: Ledger, memory: MemoryReport): void {
  console.log(`\n${'what'.padEnd(20)}${'count'.padStart(9)}${'per s'.padStart(9)}  p50 ms  p99 ms`);
  for (const { name, count, p50, p99 } of ledger.operations()) {
    const rate = (count / (minutes * 60)).toFixed(1);
    const numbers = [p50, p99].map((time) => time.toFixed(1).padStart(8)).join('');
    console.log(`${name.padEnd(20)}${String(count).padStart(9)}${rate.padStart(9)}${numbers}`);
  }
  const accepted = ledger.acceptedCount();
  const lost = ledger.missing().length;
  console.log(`\nmessages: ${accepted} accepted, ${lost} lost, ${ledger.repeated()} came twice`);
  const { heap, resident, peak, samples } = memory;
  const course = ({ first, last, slope }: Course): string =>
    `${first.toFixed(1)} to ${last.toFixed(1)} MiB, ${slope.toFixed(2)} MiB a minute`;
  console.log(`after collections, ${samples} of them since the warm-up:`);
  console.log(`  what JavaScript holds: ${course(heap)}`);
  console.log(
    `  what workerd holds: ${course(resident)}; with garbage at most ${peak.toFixed(0)} MiB`,
  );
}

function judge(ledger: Ledger, memory: MemoryReport): boolean {
  const problems = [...ledger.faults()].map(
    ([kind, { count, first: detail }]) => `${kind}: ${count} times, first ${detail}`,
  );
  const missing = ledger.missing();
  if (missing.length > 0) problems.push(`${missing.length} messages lost, first ${missing[0]}`);
  if (ledger.acceptedCount() === 0) problems.push('No message was sent');
  problems.push(...growthOf(memory, minutes));
  for (const problem of problems) console.error(`FAILED  ${problem}`);
  console.log(problems.length === 0 ? 'soak ok' : 'soak failed');
  return problems.length === 0;
}

function readArguments([first = '5', second = '1000']: readonly string[]): [number, number] {
  const [time, count] = [Number(first), Number(second)];
  if (!(time >= 0.1 && time <= 24 * 60) || !(count >= 1 && count <= 100_000)) {
    console.error('Usage: npm run soak -- [minutes, 0.1 to 1440] [agents, 1 to 100000]');
    process.exit(2);
  }
  return [time, Math.floor(count)];
}

async function end(exitCode: number): Promise<never> {
  const patience = new Promise((resolve) => setTimeout(resolve, 3000).unref());
  await Promise.race([gateway?.stop().catch(() => {}), patience]);
  process.exit(exitCode);
}

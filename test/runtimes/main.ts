// The contract as one module for every runtime without vitest: a function from a mode to a report

import { contract } from '../contract/index.ts';
import { capabilities } from './capability.ts';
import { identifyRuntime, type Runtime } from './identify.ts';
import { interchange, make, type Made } from './interchange.ts';
import { runTap } from './tap.ts';

/** What a runtime says of itself, and what it has made for the others. */
export interface Introduction {
  readonly runtime: Runtime;
  /** The names of the capabilities that it has. */
  readonly can: readonly string[];
  readonly made: Made;
}

/** `contract` and `open` answer in TAP, `make` with an introduction in JSON. */
export type Mode = 'contract' | 'make' | 'open';

/** Runs one mode; `input` is what all runtimes have made, in JSON, where the mode is `open`. */
export async function main(mode: Mode, input = '{}'): Promise<string> {
  if (mode === 'make') return JSON.stringify(await introduce());
  const lines: string[] = [];
  const makers = JSON.parse(input) as Readonly<Record<string, Made>>;
  const suites = mode === 'contract' ? contract : interchange(makers);
  await runTap(suites, (line) => lines.push(line));
  return lines.join('\n');
}

async function introduce(): Promise<Introduction> {
  const can: string[] = [];
  for (const { name, probe } of capabilities) {
    const works = await probe().then(
      () => true,
      () => false,
    );
    if (works) can.push(name);
  }
  return { runtime: identifyRuntime(), can, made: await make() };
}

#!/usr/bin/env node
// `swarmgate`: the gate, which is called by the thousand, loads its own file alone; all other commands another

import { keepCompiled } from './compile_cache.ts';

const argv = process.argv.slice(2);
const behind = argv.indexOf('--');
const own = behind < 0 ? argv : argv.slice(0, behind);
const wantsMore = own.some((argument) => ['--help', '-h', '--serve'].includes(argument));

if (own[0] === 'gate' && !wantsMore) {
  keepCompiled();
  const { runGate } = await import('./gate_entry.ts');
  // At once: what the network library keeps open must not hold anybody up
  process.exit(await runGate(argv.slice(1)));
}
const { runProgram } = await import('./program.ts');
await runProgram(argv);

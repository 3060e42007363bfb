#!/usr/bin/env node
// `swarmgate`: the gate, which is called by the thousand, loads its own file alone; all other commands another

import { keepCompiled } from './compile_cache.ts';

const argv = process.argv.slice(2);
const behind = argv.indexOf('--');
const own = behind < 0 ? argv : argv.slice(0, behind);
// Alone: where a value that a script passes on asks for help, an exit code of 0 must not come of it
const wantsHelp = argv.length === 2 && ['--help', '-h'].includes(argv[1] ?? '');

if (own[0] === 'gate' && !wantsHelp && !own.includes('--serve')) {
  keepCompiled();
  const { runGate } = await import('./gate_entry.ts');
  // At once: what the network library keeps open must not hold anybody up
  process.exit(await runGate(argv.slice(1)));
}
const { runProgram } = await import('./program.ts');
await runProgram(argv);

// The one check: every step in turn, to the end, and a last line with the counts

import { setTimeout as pause } from 'node:timers/promises';
import { browsers } from './browser_table.ts';
import { endAll, runNode } from './check_run.ts';
import { runTests, type Counted } from './check_tests.ts';
import { toolPath } from './tools.ts';

interface Step {
  readonly name: string;
  readonly run: () => Promise<Counted>;
}

const steps: readonly Step[] = [
  { name: 'format', run: once(toolPath('oxfmt'), '--check') },
  { name: 'lint and layers', run: once(toolPath('oxlint')) },
  { name: 'types', run: once('scripts/types.ts') },
  { name: 'unused code', run: once(toolPath('knip'), '--no-progress') },
  { name: 'build', run: once('scripts/build.ts') },
  { name: 'package', run: once('scripts/package.ts') },
  { name: 'examples', run: once('scripts/examples.ts') },
  { name: 'browsers', run: once('scripts/browsers.ts') },
  { name: 'servers', run: once('scripts/servers.ts') },
  ...['node', 'workerd', ...browsers.map(({ name }) => name)].map((project) => ({
    name: `tests in ${project}`,
    run: () => runTests(project),
  })),
  { name: 'demonstration', run: once('scripts/demo.ts') },
  { name: 'demonstration of delegation', run: once('scripts/demo_delegation.ts') },
  { name: 'soak, short', run: once('scripts/soak.ts', '0.4', '60') },
];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endAll();
    process.exit(130);
  });
}

let passed = 0;
let failed = 0;
for (const { name, run } of steps) {
  const began = performance.now();
  process.stdout.write(`${name.padEnd(20)} `);
  const counted = await run();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const result = counted.failed === 0 ? 'ok    ' : 'FAILED';
  const counts = `${counted.passed} passed${counted.failed === 0 ? '' : `, ${counted.failed} failed`}`;
  console.log(`${result}  ${seconds.padStart(5)} s  ${counts}`);
  if (counted.failed > 0) console.log(`${counted.output.trimEnd()}\n`);
  passed += counted.passed;
  failed += counted.failed;
}
// Lets what a step has left in the pipes come out before the last line
await pause(50);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** A step that is one command and counts one. */
function once(...args: readonly string[]): () => Promise<Counted> {
  return async () => {
    const { succeeded, output } = await runNode(args);
    return { passed: succeeded ? 1 : 0, failed: succeeded ? 0 : 1, output };
  };
}

// The one check: every step to the end, two at a time, and a last line with the counts

import { setTimeout as pause } from 'node:timers/promises';
import { browsers, existsFor } from './browser_table.ts';
import { runLanes, type Step } from './check_lanes.ts';
import { endAll, runNode } from './check_run.ts';
import { runCounted, runTests, type Counted } from './check_tests.ts';
import { toolPath } from './tools.ts';

const machine = ['build', 'browsers', 'servers'];
/** For what measures, or uses the folder `.dev` as tests of the scripts do. */
const afterNode = [...machine, 'tests in node'];

/** The longest first: what is short fills the other lane. */
const steps: readonly Step[] = [
  { name: 'build', run: once('scripts/build.ts') },
  { name: 'browsers', run: once('scripts/browsers.ts') },
  { name: 'servers', needs: ['browsers'], run: once('scripts/servers.ts') },
  { name: 'tests in node', needs: machine, run: () => runTests('node') },
  { name: 'runtimes', needs: machine, run: () => runCounted('scripts/runtimes.ts') },
  { name: 'tests of the dashboard', needs: machine, run: () => runTests('dashboard') },
  { name: 'tests in workerd', needs: ['build'], run: () => runTests('workerd') },
  ...browsers
    .filter((browser) => existsFor(browser))
    .map(({ name }) => ({
      name: `tests in ${name}`,
      needs: machine,
      run: () => runTests(name),
    })),
  { name: 'soak, short', needs: afterNode, run: once('scripts/soak.ts', '0.25', '60') },
  { name: 'demonstration', needs: afterNode, run: once('scripts/demo.ts') },
  {
    name: 'demonstration of delegation',
    needs: ['demonstration'],
    run: once('scripts/demo_delegation.ts'),
  },
  { name: 'examples', needs: ['build'], run: once('scripts/examples.ts') },
  { name: 'package', needs: ['build'], run: once('scripts/package.ts') },
  { name: 'ways of importing', needs: ['build'], run: once('scripts/package_ways.ts') },
  { name: 'bench, quick', run: once('bench/run.ts', '--quick', '--check', '--only=verify') },
  { name: 'size', run: once('scripts/size.ts') },
  {
    name: 'page of the runtimes',
    needs: ['runtimes'],
    run: once('scripts/runtimes_page.ts', '--check'),
  },
  { name: 'format', run: once(toolPath('oxfmt'), '--check') },
  { name: 'lint and layers', run: once(toolPath('oxlint')) },
  { name: 'types', run: once('scripts/types.ts') },
  { name: 'unused code', run: once(toolPath('knip'), '--no-progress') },
];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endAll();
    process.exit(130);
  });
}

let passed = 0;
let failed = 0;
await runLanes(steps, (step) => {
  const result = step.failed === 0 ? 'ok    ' : 'FAILED';
  const counts = `${step.passed} passed${step.failed === 0 ? '' : `, ${step.failed} failed`}`;
  console.log(
    `${step.name.padEnd(28)} ${result}  ${step.seconds.toFixed(1).padStart(5)} s  ${counts}`,
  );
  const notRun = step.output.split('\n').filter((line) => line.includes('NOT RUN'));
  for (const line of notRun) console.log(`  ${line}`);
  if (step.failed > 0) console.log(`${step.output.trimEnd()}\n`);
  passed += step.passed;
  failed += step.failed;
});
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

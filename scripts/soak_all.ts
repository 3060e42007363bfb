// `npm run soak -- [minutes] [agents]`: the load, then the long forms of tests, and a last line with the counts

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { longForm } from '../test/support/long_form.ts';
import { endAll } from './check_run.ts';
import { runTests } from './check_tests.ts';
import { root } from './tools.ts';

/** What `npm test` does less often. */
const files = [
  'test/cli/bridge.test.ts',
  'test/cli/bridge_kill.test.ts',
  'test/cli/gate_serve.test.ts',
  'test/gateway/upstream_gigabyte.test.ts',
];

const load = spawn(process.execPath, [join(root, 'scripts/soak.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    load.kill(signal);
    endAll();
    process.exit(130);
  });
}

const code = await new Promise((resolve) => load.once('close', resolve));
// Wrong use: it has said so
if (code === 2) process.exit(2);
const tests = await runTests('node', { files, variables: { [longForm]: 'long' } });
if (tests.failed > 0) console.log(tests.output);
// The load is one step, and counts one
const passed = tests.passed + (code === 0 ? 1 : 0);
const failed = tests.failed + (code === 0 ? 0 : 1);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

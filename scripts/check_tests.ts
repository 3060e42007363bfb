// Runs one vitest project and counts: what failed to load, was skipped or never ran counts as failed

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode } from './check_run.ts';
import { readJson, toolPath } from './tools.ts';

/** What a step of the check adds to the count. */
export interface Counted {
  readonly passed: number;
  readonly failed: number;
  /** What to show when something failed. */
  readonly output: string;
}

/** The part of vitest's JSON report that is read here. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Which of a project's tests to run, and with what. */
export interface Selection {
  readonly files?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
}

/** Runs the project's tests, all or those selected; each test counts one. */
export async function runTests(project: string, selection: Selection = {}): Promise<Counted> {
  const { files = [], variables } = selection;
  const folder = mkdtempSync(join(tmpdir(), 'swarmgate-tests-'));
  const file = join(folder, 'report.json');
  try {
    const vitest = [toolPath('vitest'), 'run', '--project', project];
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const { succeeded, output } = await runNode([...vitest, ...files, ...reporters], variables);
    if (!existsSync(file)) return { passed: 0, failed: 1, output };
    return count(readJson<Report>(file), succeeded, output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a script that counts for itself, and writes its counts where `--report` says. */
export async function runCounted(script: string): Promise<Counted> {
  const folder = mkdtempSync(join(tmpdir(), 'swarmgate-tests-'));
  const file = join(folder, 'report.json');
  try {
    const { succeeded, output } = await runNode([script, `--report=${file}`]);
    if (!existsSync(file)) return { passed: 0, failed: 1, output };
    const { passed, failed } = readJson<{ passed: number; failed: number }>(file);
    const broken = passed === 0 || (!succeeded && failed === 0);
    return { passed, failed: broken ? failed + 1 : failed, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Judges a run by its report, its exit and what it printed. */
export function count(report: Report, succeeded: boolean, output: string): Counted {
  const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests } = report;
  const skipped = numPendingTests + numTodoTests;
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  );
  const notes = broken.map(({ name }) => `Failed outside its tests: ${name}`);
  if (skipped > 0) notes.push(`${skipped} tests were skipped; a skipped test counts as failed`);
  let failed = numFailedTests + broken.length + skipped;
  if (passed + failed === 0) {
    notes.push('No test ran');
    failed = 1;
  }
  if (!succeeded && failed === 0) {
    notes.push('The run failed outside its tests');
    failed = 1;
  }
  return { passed, failed, output: [output, ...notes].join('\n') };
}

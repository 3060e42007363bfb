// What a run of tests adds to the count, by reports of every kind

import { expect, test } from 'vitest';
import { count, type Report } from '../../scripts/check_tests.ts';

const clean: Report = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
};

const file = (status: string, ...results: string[]): Report['testResults'][number] => ({
  name: 'a.test.ts',
  status,
  assertionResults: results.map((result) => ({ status: result })),
});

test.each<
  [what: string, report: Partial<Report>, succeeded: boolean, passed: number, failed: number]
>([
  ['each passed test counts one', {}, true, 3, 0],
  ['each failed test counts one', { numFailedTests: 2 }, false, 3, 2],
  ['a project without tests fails', { numPassedTests: 0 }, true, 0, 1],
  ['a skipped test counts as failed', { numPendingTests: 1, numTodoTests: 1 }, true, 3, 2],
  ['a file that does not load fails', { testResults: [file('failed')] }, false, 3, 1],
  ['an error outside every test fails', {}, false, 3, 1],
  [
    'a failed test is not counted twice',
    { numFailedTests: 1, testResults: [file('failed', 'passed', 'failed')] },
    false,
    3,
    1,
  ],
])('count(): %s', (_, report, succeeded, passed, failed) => {
  const counted = count({ ...clean, ...report }, succeeded, 'printed');
  expect(counted).toMatchObject({ passed, failed });
  expect(counted.output).toContain('printed');
});

// What the TAP runner printed counts by its plan: a run that ends early, or says nothing, has failed

import { expect, test } from 'vitest';
import { readTap } from '../../scripts/tap_report.ts';
import { runTap } from '../runtimes/tap.ts';

const good = async (): Promise<void> => {};
const bad = async (): Promise<void> => Promise.reject(new Error('no # skip\nok 3 - forged'));

async function report(...runs: readonly (() => Promise<void>)[]): Promise<string> {
  const lines: string[] = [];
  const cases = runs.map((run, at) => ({ name: `case ${at} # skip`, run }));
  await runTap([{ name: 'suite', cases }], (line) => lines.push(line));
  return lines.join('\n');
}

test('readTap() counts what passed and what failed, with its cause', async () => {
  const { passed, failed, faults } = readTap(await report(good, bad, good));
  expect({ passed, failed }).toEqual({ passed: 2, failed: 1 });
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain('suite > case 1');
});

test('runTap() lets no name and no message write lines or directives of their own', async () => {
  const text = await report(good, bad);
  expect(text).not.toMatch(/- .*#/);
  expect(text.split('\n').filter((line) => line.startsWith('ok'))).toHaveLength(1);
});

test('readTap() counts cases without a line of their own as failed', async () => {
  const text = await report(good, good, good);
  const cut = text.split('\n').slice(0, 3).join('\n');
  expect(readTap(cut)).toMatchObject({ passed: 1, failed: 2 });
  expect(readTap(`${text}\n${text}`)).toMatchObject({ passed: 3, failed: 0 });
});

test.each(['', 'Segmentation fault', '1..0', 'TAP version 14'])(
  'readTap() counts a report without a plan as failed: %j',
  (text) => {
    expect(readTap(text)).toMatchObject({ passed: 0, failed: 1 });
  },
);

test('readTap() notices a failure beside the plan', async () => {
  const text = `${await report(good)}\nnot ok 0 - planted`;
  expect(readTap(text).failed).toBeGreaterThan(0);
});

// The contract in every runtime that has no vitest, in the workers of browsers, and what each runtime
// makes opened in every other. `--only=id,id` runs some; `--plant=id` plants a failure in one

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { BrowserDriver, Place } from './runtime_browser.ts';
import { bundleContract, type RuntimeBundle } from './runtime_bundle.ts';
import type { Driver } from './runtime_process.ts';
import { saveRun, type RuntimeResult } from './runtime_results.ts';
import { runtimes, type RuntimeRow } from './runtime_table.ts';
import { readTap, type TapCounts } from './tap_report.ts';

const { values } = parseArgs({
  options: { only: { type: 'string' }, plant: { type: 'string' }, report: { type: 'string' } },
});
const only = values.only?.split(',');
const chosen = runtimes.filter(({ id }) => only?.includes(id) ?? true);
const places: readonly Place[] = ['worker', 'service worker'];

let passed = 0;
let failed = 0;
const results = new Map<string, RuntimeResult>();

const bundle = await bundleContract();
try {
  const present = chosen.filter(isPresent);
  const introductions = await atOnce(present, (row) => withDriver(row, begin));
  const made = Object.fromEntries(
    [...results].map(([id, { introduction }]) => [id, introduction.made]),
  );
  if (introductions.every((done) => done)) {
    const input = JSON.stringify(made);
    await atOnce(present, (row) => withDriver(row, (driver) => open(row, driver, input)));
  }
  if (only === undefined && values.plant === undefined) saveRun(results);
} finally {
  bundle.remove();
}
if (values.report !== undefined) writeFileSync(values.report, JSON.stringify({ passed, failed }));
console.log(`${passed} passed, ${failed} failed in ${results.size} runtimes`);
process.exit(failed === 0 ? 0 : 1);

function isPresent({ title, absent }: RuntimeRow): boolean {
  const reason = absent();
  if (reason !== undefined) console.log(`${title}: NOT RUN on this machine, ${reason}`);
  return reason === undefined;
}

/** Three at a time: half of what the contract takes is waiting. */
async function atOnce<T>(
  rows: readonly RuntimeRow[],
  work: (row: RuntimeRow) => Promise<T>,
): Promise<T[]> {
  const waiting = [...rows];
  const done: T[] = [];
  const lane = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      done.push(await work(row));
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  return done;
}

/** Whether the work was done; what goes wrong on the way counts as one failure. */
async function withDriver(
  row: RuntimeRow,
  work: (driver: Driver, row: RuntimeRow) => Promise<void>,
): Promise<boolean> {
  let driver: Driver | undefined;
  try {
    driver = await row.start(row.id === values.plant ? planted(bundle) : bundle);
    await work(driver, row);
    return true;
  } catch (error) {
    failed++;
    console.error(`${row.title}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  } finally {
    await driver?.close().catch(() => {});
  }
}

async function begin(driver: Driver, row: RuntimeRow): Promise<void> {
  const introduction = JSON.parse(await driver.run('make', '{}')) as RuntimeResult['introduction'];
  const version = (driver as Partial<BrowserDriver>).version ?? introduction.runtime.version;
  const counts: Record<string, number> = {};
  if (row.project === undefined) {
    counts['contract'] = judge(row.title, await driver.run('contract', '{}'));
  }
  if (row.browser !== undefined) {
    for (const place of places) {
      const text = await (driver as BrowserDriver).runIn(place, 'contract', '{}');
      counts[place] = judge(`${row.title}, ${place}`, text);
    }
  }
  results.set(row.id, { introduction, version, counts });
}

async function open(row: RuntimeRow, driver: Driver, input: string): Promise<void> {
  const opened = judge(`${row.title}, made by all`, await driver.run('open', input));
  const result = results.get(row.id);
  if (result !== undefined)
    results.set(row.id, { ...result, counts: { ...result.counts, opened } });
}

function judge(what: string, text: string): number {
  const counts: TapCounts = readTap(text);
  passed += counts.passed;
  failed += counts.failed;
  console.log(`${what}: ${counts.passed} passed, ${counts.failed} failed`);
  for (const fault of counts.faults.slice(0, 20)) console.error(`  ${what}: ${fault}`);
  return counts.passed;
}

/** The same bundle with one case that fails: what the check must notice in any one runtime. */
function planted(good: RuntimeBundle): RuntimeBundle {
  for (const path of [good.module, good.script]) {
    const code = readFileSync(path, 'utf8');
    const broken = code.replace('"TAP version 14"', '"TAP version 14\\nnot ok 0 - planted"');
    if (broken === code) throw new Error('There is no place to plant a failure');
    writeFileSync(path, broken);
  }
  return good;
}

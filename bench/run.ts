// Runs the benches one after another, prints one table, and holds it against thresholds where that is asked for.
//
//   npm run bench -- [--quick] [--check] [--only=verify,gateway]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { machine } from './support/interleave.ts';
import type { Row } from './support/report.ts';

interface Result extends Row {
  readonly bench: string;
}

/** A ratio, with room for the noise of a shared machine. Never a time. */
interface Threshold {
  readonly bench: string;
  /** How the titles end of the tables that it holds for. */
  readonly title: string;
  readonly what: string;
  readonly min?: number;
  readonly max?: number;
}

const folder = import.meta.dirname;
const words = process.argv.slice(2);
const only = words
  .find((word) => word.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => only?.includes(name) ?? true);
const unknown = only?.filter((name) => !names.includes(name)) ?? [];
if (unknown.length > 0) throw new Error(`No such bench: ${unknown.join(', ')}`);

const collected = mkdtempSync(join(tmpdir(), 'swarmgate-bench-'));
const results: Result[] = [];
const faults: string[] = [];
for (const bench of names) {
  const file = join(collected, bench);
  writeFileSync(file, '');
  console.log(`\n${bench}`);
  const args = [join(folder, `${bench}.ts`), ...words.filter((word) => word === '--quick')];
  const env = { ...process.env, BENCH_RESULTS: file };
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', env });
  if (status !== 0) faults.push(`${bench} ended with ${status}`);
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  results.push(...lines.map((line) => ({ bench, ...(JSON.parse(line) as Row) })));
}
rmSync(collected, { recursive: true });

console.log(`\n${machine()}, load ${loadavg()[0]?.toFixed(1)}`);
console.table(
  results.map(({ bench, title, what, ratio, of, spread }) => ({
    bench,
    title: title.slice(0, 48),
    what,
    ratio,
    of,
    spread,
  })),
);
if (words.includes('--check')) faults.push(...overThresholds());
else {
  const written = {
    machine: machine(),
    load: loadavg()[0],
    quick: words.includes('--quick'),
    results,
  };
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(written, undefined, 2)}\n`);
}
for (const fault of faults) console.log(`FAILED ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** What is worse than its threshold, or is not measured any more. */
function overThresholds(): string[] {
  const text = readFileSync(join(folder, 'thresholds.json'), 'utf8');
  const thresholds = (JSON.parse(text) as readonly Threshold[]).filter(({ bench }) =>
    names.includes(bench),
  );
  return thresholds.flatMap(({ bench, title, what, min = -Infinity, max = Infinity }) => {
    const found = results.filter(
      (row) =>
        row.bench === bench &&
        row.title.toLowerCase().endsWith(title.toLowerCase()) &&
        row.what === what,
    );
    if (found.length === 0) return [`${bench}, "${title}", "${what}" is not measured`];
    return found
      .filter(({ ratio }) => !(ratio >= min && ratio <= max))
      .map((row) => `${bench}, "${row.title}", "${what}": ${row.ratio}, not ${min} to ${max}`);
  });
}

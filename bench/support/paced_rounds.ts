// Rounds of paced load: contenders take turns, and latency is what is added to the first one's.

import { bestQuarter, type HttpContender } from './http_rounds.ts';
import { loadPaced, type Paced, type PacedOptions } from './paced.ts';
import { report } from './report.ts';

/** Loads each contender once a round, in a new order each time, and prints what was seen. */
export async function printPaced(
  contenders: readonly HttpContender[],
  rounds: number,
  options: Omit<PacedOptions, 'url' | 'first' | 'skip'>,
): Promise<void> {
  const seen = new Map(contenders.map(({ name }) => [name, [] as Paced[]]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, url, first, skip } of contenders.toSorted(() => Math.random() - 0.5)) {
      const paced = { ...options, url, first, skip: skip?.(round) ?? 0 };
      seen.get(name)?.push(await loadPaced(paced));
    }
  }
  const of = (name: string, what: keyof Paced): number =>
    bestQuarter((seen.get(name) ?? []).map((one) => one[what]));
  const bare = contenders[0]?.name ?? '';
  const title = `Latency: ${options.rate} requests a second, answered or not`;
  process.stdout.write(`\n${title}\n`);
  console.table(
    contenders.map(({ name }) => {
      const added = (what: keyof Paced): number =>
        Number((of(name, what) - of(bare, what)).toFixed(2));
      const worst = Math.max(...(seen.get(name) ?? []).map(({ p99 }) => p99));
      const spread = `${of(name, 'p99').toFixed(2)} to ${worst.toFixed(2)}`;
      const ratio = Number((of(name, 'p50') / of(bare, 'p50')).toFixed(3));
      report({ title, what: name, ratio, of: 'time', spread });
      return {
        what: name,
        'p50 ms': Number(of(name, 'p50').toFixed(2)),
        'p99 ms, best quarter to worst': spread,
        'added p50': added('p50'),
        'added p99': added('p99'),
      };
    }),
  );
}

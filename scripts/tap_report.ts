// Reads what the TAP runner printed: a plan that is not carried out, or no plan, counts as failed

/** The counts of one run. */
export interface TapCounts {
  readonly passed: number;
  readonly failed: number;
  /** What failed, with the line that says why. */
  readonly faults: readonly string[];
}

/** Counts a run by its own lines, never by its exit. */
export function readTap(text: string): TapCounts {
  const lines = text.split('\n');
  const planned = Number(/^1\.\.(\d+)$/m.exec(text)?.[1] ?? 0);
  const ok = new Set<number>();
  const faults: string[] = [];
  let failed = 0;
  for (const [at, line] of lines.entries()) {
    const [, not, number, title] = /^(not )?ok (\d+) - (.*)$/.exec(line) ?? [];
    if (number === undefined) continue;
    if (not === undefined) ok.add(Number(number));
    else {
      failed++;
      faults.push(`${title}\n  ${lines[at + 1] ?? ''}`);
    }
  }
  const missing = planned - ok.size - failed;
  if (planned === 0) faults.push(`No plan was printed:\n${text.slice(0, 2000)}`);
  else if (missing !== 0) faults.push(`${missing} of ${planned} cases have no line of their own`);
  return { passed: ok.size, failed: failed + Math.max(missing, planned === 0 ? 1 : 0), faults };
}

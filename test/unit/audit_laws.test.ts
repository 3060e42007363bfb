// Laws of audit logs: whatever single thing is done to the lines of a sealed log, it is found

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { check, goodLog } from '../contract/support/audit_logs.ts';

const lines = await goodLog();
const place = fc.nat({ max: lines.length - 1 });
/** Lines that something else in the log vouches for: not the starts, which only say again what the manifests say. */
const isVouched = (at: number): boolean => !(lines[at] ?? '').includes('start","');

test('verifyAuditLog() finds any byte that is changed', async () => {
  await fc.assert(
    fc.asyncProperty(
      place,
      fc.nat(),
      fc.integer({ min: 0x20, max: 0x7e }),
      async (at, where, code) => {
        const line = lines[at] ?? '';
        const index = where % line.length;
        const changed = line.slice(0, index) + String.fromCharCode(code) + line.slice(index + 1);
        fc.pre(changed !== line);
        expect((await check(lines.with(at, changed))).ok).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});

test('verifyAuditLog() finds any record, and any manifest but the newest, that is taken out', async () => {
  await fc.assert(
    fc.asyncProperty(place, async (at) => {
      const line = lines[at] ?? '';
      fc.pre(isVouched(at) && !line.startsWith('{"kind":"checkpoint"') && at < lines.length - 1);
      expect((await check(lines.toSpliced(at, 1))).ok).toBe(false);
    }),
  );
});

test('verifyAuditLog() finds any two records of one shard that change places', async () => {
  const shards = lines.map((line) => (JSON.parse(line) as { kind: string; shard?: number }).shard);
  const records = lines.flatMap((line, at) => (line.startsWith('{"kind":"record"') ? [at] : []));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...records), fc.constantFrom(...records), async (a, b) => {
      fc.pre(a !== b && shards[a] === shards[b]);
      const moved = lines.with(a, lines[b] ?? '').with(b, lines[a] ?? '');
      expect((await check(moved)).ok).toBe(false);
    }),
  );
});

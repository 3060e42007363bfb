// Audit logs: a good one passes whole and in parts, and each way to tamper with one is named exactly

import { writeAuditEntry } from '../../../src/audit/index.ts';
import { deepEqual, equal, rejectsWith, type ContractCase } from '../case.ts';
import { check, genesis, goodLog, placeOf, told, type LogChanges } from '../support/audit_logs.ts';
import { keyOf, now } from '../support/world.ts';

type Tamper = (lines: string[]) => string[] | Promise<string[]>;

/** Writes a record anew, with a hash that fits. */
async function rewritten(line: string, changes: object): Promise<string> {
  const { hash: _hash, ...members } = JSON.parse(line) as Record<string, unknown>;
  return (await writeAuditEntry({ ...members, ...changes })).line;
}

/** Writes a record anew, and all that follow it in its shard: a chain that fits, and is not signed. */
async function rewrittenFrom(lines: string[], shard: number, seq: number): Promise<string[]> {
  const anew = [...lines];
  let changes: object = { agent: 'mallory' };
  for (let at = seq; placeOf(anew, shard, at) >= 0; at++) {
    const place = placeOf(anew, shard, at);
    const line = await rewritten(anew[place] ?? '', changes);
    anew[place] = line;
    changes = { prev: (JSON.parse(line) as { hash: string }).hash };
  }
  return anew;
}

const without =
  (shard: number, ...numbers: number[]): Tamper =>
  (lines) =>
    lines.filter((_, at) => !numbers.some((seq) => placeOf(lines, shard, seq) === at));

const swapped: Tamper = (lines) => {
  const [one, other] = [placeOf(lines, 0, 4), placeOf(lines, 0, 5)];
  return lines.with(one, lines[other] ?? '').with(other, lines[one] ?? '');
};

const kindAt = (lines: readonly string[], kind: string, number = 0): number =>
  lines.map((line, at) => (line.startsWith(`{"kind":"${kind}"`) ? at : -1)).filter((at) => at >= 0)[
    number
  ] ?? -1;

const tampers: readonly (readonly [string, Tamper, readonly string[]])[] = [
  [
    'a changed record',
    (lines) => lines.map((line) => line.replace('agent-0-2', 'mallory!!')),
    ['record_changed 0 2'],
  ],
  [
    'a record written anew with a hash that fits',
    async (lines) => {
      const at = placeOf(lines, 0, 5);
      return lines.with(at, await rewritten(lines[at] ?? '', { agent: 'mallory' }));
    },
    ['chain_broken 0 6'],
  ],
  [
    'the newest record written anew',
    async (lines) => rewrittenFrom(lines, 0, 6),
    ['manifest_mismatch 0 4 6'],
  ],
  [
    'a chain written anew from the first record on',
    async (lines) => rewrittenFrom(lines, 0, 1),
    ['checkpoint_mismatch 0 1 3', 'manifest_mismatch 0 1 3', 'manifest_mismatch 0 1 6'],
  ],
  ['a deleted record', without(0, 2), ['record_missing 0 2 2']],
  ['deleted records', without(1, 1, 2, 3), ['record_missing 1 1 3']],
  ['two records the other way round', swapped, ['record_order 0 4']],
  [
    'a record that stands twice',
    (lines) => lines.toSpliced(placeOf(lines, 1, 2), 0, lines[placeOf(lines, 1, 2)] ?? ''),
    ['record_repeated 1 2'],
  ],
  ['a cut tail', without(0, 5, 6), ['tail_missing 0 5 6']],
  [
    'a missing shard',
    (lines) => lines.filter((line) => !line.includes('"shard":1,')),
    ['shard_missing 1'],
  ],
  [
    'a shard without its first records and its start',
    (lines) => without(1, 1)(lines.toSpliced(1, 1)),
    ['head_missing 1 1 1'],
  ],
  [
    'a start that gives up records',
    (lines) => {
      const { hash } = JSON.parse(lines[placeOf(lines, 0, 2)] ?? '') as { hash: string };
      const start = JSON.stringify({ kind: 'start', shard: 0, seq: 2, hash });
      return without(0, 1, 2)(lines) instanceof Promise
        ? lines
        : (without(0, 1, 2)(lines) as string[]).with(0, start);
    },
    ['head_missing 0 1 2'],
  ],
  [
    'a missing manifest',
    (lines) => lines.toSpliced(kindAt(lines, 'manifest', 0), 1),
    ['manifest_missing 1 1'],
  ],
  [
    'manifests the other way round',
    (lines) => {
      const [one, other] = [kindAt(lines, 'manifest', 0), kindAt(lines, 'manifest', 1)];
      return lines.with(one, lines[other] ?? '').with(other, lines[one] ?? '');
    },
    ['manifest_missing 1 1', 'manifest_order 1'],
  ],
  [
    'a name that stands twice',
    (lines) =>
      lines.with(
        placeOf(lines, 0, 3),
        (lines[placeOf(lines, 0, 3)] ?? '').replace('"agent":', '"agent":"mallory","agent":'),
      ),
    ['line_malformed', 'record_missing 0 3 3'],
  ],
  [
    'white space',
    (lines) => lines.with(placeOf(lines, 1, 4), ` ${lines[placeOf(lines, 1, 4)]}`),
    ['line_malformed', 'tail_missing 1 4 4'],
  ],
  [
    'a checkpoint in another spelling',
    (lines) => {
      const at = kindAt(lines, 'checkpoint');
      // 64 bytes are 86 characters, and the last one has four bits that say nothing
      const alias = (last: string): string => String.fromCharCode(last.charCodeAt(0) + 1);
      return lines.with(at, (lines[at] ?? '').replace(/[AQgw](?="\}$)/, alias));
    },
    ['checkpoint_invalid 0'],
  ],
  [
    'a record of a shard that no manifest lists',
    async (lines) => {
      const entry = { kind: 'record', shard: 7, seq: 1, prev: genesis, at: now, writer: 'w', n: 1 };
      return lines.toSpliced(3, 0, (await writeAuditEntry(entry)).line);
    },
    ['shard_unknown 7', 'shard_unknown 7'],
  ],
];

const forgeries: readonly (readonly [string, LogChanges, readonly string[]])[] = [
  [
    'statements by a key that nobody published',
    { signer: 'stranger' },
    ['checkpoint_invalid 0', 'manifest_invalid', 'manifest_invalid', 'manifest_missing 1'],
  ],
  [
    'a checkpoint that is a manifest by its type',
    { checkpointHeader: { typ: 'swarmgate-audit-manifest+jwt' } },
    ['checkpoint_invalid 0'],
  ],
  [
    'a checkpoint that is a token by its type',
    { checkpointHeader: { typ: 'at+jwt' } },
    ['checkpoint_invalid 0'],
  ],
  [
    'a checkpoint of another issuer',
    { checkpoint: { iss: 'https://x' } },
    ['checkpoint_invalid 0'],
  ],
  ['a checkpoint of another shard', { checkpoint: { shard: 1 } }, ['checkpoint_invalid 0']],
  [
    'a checkpoint with another hash',
    { checkpoint: { hash: genesis } },
    ['checkpoint_mismatch 0 1 3'],
  ],
  ['a manifest of another issuer', { manifest: { iss: 'https://x' } }, ['manifest_invalid']],
  ['a manifest without shards', { manifest: { shards: [{}] } }, ['manifest_invalid']],
  ['a manifest that follows another', { manifest: { prev: genesis } }, ['manifest_mismatch 2']],
  [
    'manifests that nobody signed',
    { unsigned: true },
    ['manifest_invalid', 'manifest_invalid', 'manifest_missing 1'],
  ],
];

export const cases: readonly ContractCase[] = [
  {
    name: 'verifyAuditLog() passes a good log',
    run: async () => {
      const report = await check(await goodLog(), { maxAge: 60 });
      deepEqual(told(report), [], 'findings');
      equal(report.ok, true, 'ok');
      equal(report.entries, 10, 'entries');
      equal(report.unsealed, 0, 'unsealed');
      equal(report.checkpoints, 1, 'checkpoints');
      equal(report.newest?.seq, 2, 'newest manifest');
      deepEqual(
        report.shards,
        [
          { shard: 0, start: 0, seq: 6, sealed: 6 },
          { shard: 1, start: 0, seq: 4, sealed: 4 },
        ],
        'shards',
      );
    },
  },
  {
    name: 'verifyAuditLog() reads a stream',
    run: async () => {
      const lines = await goodLog();
      async function* stream(): AsyncGenerator<string> {
        yield* lines;
      }
      equal((await check(stream())).ok, true, 'ok');
    },
  },
  {
    name: 'verifyAuditLog() says what no signature covers yet',
    run: async () => {
      const lines = await goodLog();
      const report = await check(lines.slice(0, kindAt(lines, 'manifest', 1)));
      equal(report.ok, true, 'ok');
      equal(report.unsealed, 5, 'unsealed');
    },
  },
  {
    name: 'verifyAuditLog() passes a part of a log only as a part',
    run: async () => {
      const lines = await goodLog();
      const part = lines.slice(placeOf(lines, 0, 5));
      deepEqual(told(await check(part, { partial: true })), [], 'findings as a part');
      deepEqual(
        told(await check(part)),
        ['head_missing 0 1 4', 'head_missing 1 1 2', 'manifest_missing 1 1'],
        'findings as a whole',
      );
    },
  },
  {
    name: 'verifyAuditLog() finds a log that was cut short with its manifests by its age alone',
    run: async () => {
      const lines = await goodLog();
      const cut = lines.slice(0, kindAt(lines, 'manifest', 0) + 1);
      equal((await check(cut)).ok, true, 'ok without maxAge');
      const clock = (): number => now + 200;
      deepEqual(told(await check(cut, { maxAge: 180, clock })), ['log_stale'], 'findings');
    },
  },
  {
    name: 'verifyAuditLog() checks the chains of an unsigned log where it is told to',
    run: async () => {
      const lines = await goodLog({ unsigned: true });
      equal((await check(lines, { keys: null })).ok, true, 'ok');
      const tampered = without(0, 5)(lines) as string[];
      deepEqual(told(await check(tampered, { keys: null })), ['record_missing 0 5 5'], 'findings');
    },
  },
  {
    name: 'verifyAuditLog() tells losses that the log itself names',
    run: async () => {
      const start = JSON.stringify({ kind: 'start', shard: 0, seq: 0, hash: genesis });
      const gap = { kind: 'gap', shard: 0, seq: 1, prev: genesis, at: now, writer: 'w' };
      const { line } = await writeAuditEntry({ ...gap, from: 3, to: 9 });
      const report = await check([start, line]);
      deepEqual(report.losses, [{ shard: 0, seq: 1, writer: 'w', from: 3, to: 9 }], 'losses');
    },
  },
  {
    name: 'verifyAuditLog() refuses options that would check less than they seem to',
    run: async () => {
      await rejectsWith(check([], { keys: undefined as never }), TypeError);
      await rejectsWith(check([], { issuer: '' }), TypeError);
      await rejectsWith(check([], { maxAge: 0 }), TypeError);
    },
  },
  {
    name: 'verifyAuditLog() passes on that the keys cannot be reached',
    run: async () => {
      const { kid } = await keyOf('ES256', 'trusted');
      const error = Object.assign(new Error(kid), { code: 'key_unavailable' });
      const keys = { find: () => Promise.reject(error) };
      let code: unknown;
      try {
        await check(await goodLog(), { keys });
      } catch (thrown) {
        ({ code } = thrown as { code?: unknown });
      }
      equal(code, 'key_unavailable', 'code');
    },
  },
  ...tampers.map(([what, tamper, expected]): ContractCase => ({
    name: `verifyAuditLog() finds ${what}`,
    run: async () => {
      const report = await check(await tamper(await goodLog()));
      equal(report.ok, false, 'ok');
      deepEqual(told(report).toSorted(), [...expected].toSorted(), 'findings');
    },
  })),
  ...forgeries.map(([what, changes, expected]): ContractCase => ({
    name: `verifyAuditLog() finds ${what}`,
    run: async () => {
      deepEqual(told(await check(await goodLog(changes))), expected, 'findings');
    },
  })),
];

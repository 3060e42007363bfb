// verifyAuditLog: whether an exported audit log is whole, in order and as it was written.

import type { KeySource } from '../keys/key_source.ts';
import { readLine, type AuditLine } from './line.ts';
import { createManifestChain } from './manifest_chain.ts';
import type { AuditFinding, AuditLoss, AuditReport, Find } from './report.ts';
import { createShardChain, type ShardChain } from './shard_chain.ts';
import { openStatement, readCheckpoint, readManifest, readStatement } from './statement.ts';

/** How a log is checked. */
export interface AuditLogOptions {
  /** The published audit keys; `null` checks no signature, and so believes who hands over the log. */
  readonly keys: KeySource | null;
  /** The `ISSUER` of the gateway whose log it should be. */
  readonly issuer: string;
  /** The log is a part: it begins after some cursor, and what is before it is not asked for. */
  readonly partial?: boolean;
  /** How old the newest manifest may be, in seconds. Omitted: any age, so a log cut short with its manifests passes. */
  readonly maxAge?: number;
  /** Seconds since the epoch. */
  readonly clock?: () => number;
  /** Called with the number of lines read so far, now and then. */
  readonly onProgress?: (lines: number) => void;
}

const maxFindings = 1000;
const progressEvery = 1000;

/**
 * Checks an audit log, line by line: that no record was changed, deleted, moved or added, that the
 * tail is there up to the newest manifest, that no shard is missing, and that all of it was signed.
 *
 * Does not check what is not there to be checked: whether decisions were right, whether a gateway
 * wrote down everything (what it lost is in `losses`), and, without `maxAge`, whether the newest
 * manifests were cut off together with the records before them. Memory does not grow with the log.
 *
 * @param lines the lines of the log, without their ends
 * @returns what was found; nothing is thrown for a bad log
 * @throws TypeError for a mistake in the options
 * @throws TokenError `key_unavailable` when the keys cannot be reached
 * @example
 * ```ts
 * import { verifyAuditLog } from 'swarmgate/audit';
 *
 * const lines = ['{"kind":"record","seq":1}'];
 * const report = await verifyAuditLog(lines, { keys: null, issuer: 'https://gate.example' });
 * if (report.findings[0]?.code !== 'line_malformed') throw new Error('unexpected');
 * ```
 */
export async function verifyAuditLog(
  lines: AsyncIterable<string> | Iterable<string>,
  options: AuditLogOptions,
): Promise<AuditReport> {
  checkOptions(options);
  const { keys, issuer, partial = false, maxAge, onProgress } = options;
  const { clock = () => Math.floor(Date.now() / 1000) } = options;
  const findings: AuditFinding[] = [];
  const losses: AuditLoss[] = [];
  const shards = new Map<number, ShardChain>();
  let faults = 0;
  let line: number | undefined = 0;
  let count = 0;
  let entries = 0;
  let checkpoints = 0;

  const find: Find = (code, { shard, seq, to }) => {
    faults += 1;
    if (findings.length < maxFindings) findings.push({ code, line, shard, seq, to });
  };
  const manifests = createManifestChain(partial, find);
  const chainOf = (shard: number): ShardChain => {
    const known = shards.get(shard) ?? createShardChain(shard, partial, find);
    shards.set(shard, known);
    return known;
  };

  async function takeCheckpoint(shard: number, jws: string): Promise<void> {
    if (keys === null) return;
    const claims = await openStatement(jws, 'checkpoint', keys);
    const stated = claims && readCheckpoint(claims, issuer);
    if (stated === undefined || stated.shard !== shard)
      return find('checkpoint_invalid', { shard });
    checkpoints += 1;
    chainOf(shard).seal(stated, 'checkpoint_mismatch');
  }

  async function takeManifest(jws: string | undefined, text: string): Promise<void> {
    if (jws === undefined && keys !== null) return find('manifest_invalid', {});
    const claims =
      jws === undefined || keys === null
        ? readStatement(jws === undefined ? text : payloadOf(jws))
        : await openStatement(jws, 'manifest', keys);
    const manifest = claims && readManifest(claims, issuer);
    if (manifest === undefined) return find('manifest_invalid', {});
    if (!(await manifests.take(manifest, text))) return;
    const listed = new Set(manifest.shards.map(({ shard }) => shard));
    for (const shard of shards.keys()) {
      if (!listed.has(shard)) find('shard_unknown', { shard });
    }
    for (const row of manifest.shards) {
      const chain = chainOf(row.shard);
      chain.seal(row, 'manifest_mismatch');
      chain.forget(row.seq);
    }
  }

  async function take(read: AuditLine, text: string): Promise<void> {
    switch (read.kind) {
      case 'start':
        return chainOf(read.shard).start(read.seq, read.hash);
      case 'manifest_start':
        return manifests.start(read.seq, read.hash);
      case 'checkpoint':
        return takeCheckpoint(read.shard, read.jws);
      case 'manifest':
        return takeManifest(read.jws, read.jws ?? read.statement ?? '');
      case 'cursor':
        return undefined;
      case 'record':
      case 'summary':
      case 'gap':
        entries += 1;
        if (read.from !== undefined && read.to !== undefined) {
          const { shard, seq, writer, from, to } = read;
          losses.push({ shard, seq, writer, from, to });
        }
        return chainOf(read.shard).entry(read, text);
    }
  }

  for await (const text of lines) {
    count += 1;
    line = count;
    if (text === '') continue;
    const read = readLine(text);
    if (read === undefined) find('line_malformed', {});
    else await take(read, text);
    if (count % progressEvery === 0) onProgress?.(count);
  }
  line = undefined;
  const { newest } = manifests;
  for (const [shard, chain] of shards) {
    chain.end(newest?.shards.find((row) => row.shard === shard));
  }
  manifests.end();
  if (maxAge !== undefined && clock() - (newest?.at ?? -Infinity) > maxAge) find('log_stale', {});
  const states = [...shards.values()]
    .map(({ state }) => state)
    .toSorted((a, b) => a.shard - b.shard);
  return {
    ok: faults === 0,
    signed: keys !== null,
    lines: count,
    entries,
    unsealed: states.reduce((sum, { seq, sealed }) => sum + seq - sealed, 0),
    checkpoints,
    manifests: manifests.count,
    newest: newest && { seq: newest.seq, at: newest.at, hash: newest.hash },
    shards: states,
    losses,
    findings,
    faults,
  };
}

function payloadOf(jws: string): string {
  const [, payload = ''] = jws.split('.');
  try {
    return atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return '';
  }
}

function checkOptions({ keys, issuer, maxAge }: AuditLogOptions): void {
  if (keys !== null && typeof keys?.find !== 'function') {
    throw new TypeError('"keys" must be a key source, or null to check no signature');
  }
  if (typeof issuer !== 'string' || issuer === '') {
    throw new TypeError('"issuer" must be the issuer of the log');
  }
  if (maxAge !== undefined && !(maxAge > 0)) throw new TypeError('"maxAge" must be positive');
}

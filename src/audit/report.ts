// What a check of an audit log found.

/** What is wrong. Codes are API. */
export type AuditFault =
  | 'line_malformed'
  | 'record_changed'
  | 'chain_broken'
  | 'record_missing'
  | 'record_order'
  | 'record_repeated'
  | 'head_missing'
  | 'tail_missing'
  | 'shard_missing'
  | 'shard_unknown'
  | 'checkpoint_invalid'
  | 'checkpoint_mismatch'
  | 'manifest_invalid'
  | 'manifest_mismatch'
  | 'manifest_missing'
  | 'manifest_order'
  | 'log_stale';

/** One fault, and where it is. */
export interface AuditFinding {
  readonly code: AuditFault;
  /** The number of the line, from 1 on; `undefined` for what is known only at the end. */
  readonly line: number | undefined;
  readonly shard: number | undefined;
  /** The record or manifest at fault; of several the first. */
  readonly seq: number | undefined;
  /** The last one, where several are at fault. */
  readonly to: number | undefined;
}

/** Records that their writer numbered and that never came to be stored: named, not hidden. */
export interface AuditLoss {
  readonly shard: number;
  /** Number of the entry that names the loss. */
  readonly seq: number;
  readonly writer: string;
  readonly from: number;
  readonly to: number;
}

/** One shard of the log, as far as it was read. */
export interface AuditShard {
  readonly shard: number;
  /** The number before the first entry: 0 unless older ones are no longer kept. */
  readonly start: number;
  /** The newest entry. */
  readonly seq: number;
  /** The newest entry that a good signature covers. */
  readonly sealed: number;
}

/** The outcome of a check. */
export interface AuditReport {
  /** Whether nothing at all was found. */
  readonly ok: boolean;
  /** Whether signatures were checked. */
  readonly signed: boolean;
  readonly lines: number;
  readonly entries: number;
  /** Entries that no signature covers yet. */
  readonly unsealed: number;
  readonly checkpoints: number;
  readonly manifests: number;
  /** The newest good manifest, with its time in seconds since the epoch. */
  readonly newest: { readonly seq: number; readonly at: number; readonly hash: string } | undefined;
  readonly shards: readonly AuditShard[];
  readonly losses: readonly AuditLoss[];
  /** The first 1,000 in the order in which they came to light. */
  readonly findings: readonly AuditFinding[];
  /** How many there are in all. */
  readonly faults: number;
}

/** Takes findings down. */
export type Find = (
  code: AuditFault,
  where: { readonly [key in 'shard' | 'seq' | 'to']?: number | undefined },
) => void;

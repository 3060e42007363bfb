// What is wrong with an audit log, in words

import type { AuditFault, AuditFinding } from '../../src/audit/index.ts';

const words: Readonly<Record<AuditFault, string>> = {
  line_malformed: 'is no line of an audit log, or is spelled in another way than it was written',
  record_changed: 'was changed: its hash does not fit',
  chain_broken: 'does not follow what stands before it',
  record_missing: 'missing',
  record_order: 'stands in the wrong place',
  record_repeated: 'stands there twice',
  head_missing: 'missing at the beginning',
  tail_missing: 'missing at the end',
  shard_missing: 'is missing altogether',
  shard_unknown: 'is listed in no manifest',
  checkpoint_invalid: 'has a checkpoint that the gateway did not sign',
  checkpoint_mismatch: 'not what was signed',
  manifest_invalid: 'is a manifest that the gateway did not sign',
  manifest_mismatch: 'not what the manifests say',
  manifest_missing: 'missing among the manifests',
  manifest_order: 'stands in the wrong place among the manifests',
  log_stale: 'The newest manifest is too old: the end may be cut off',
};

/** One finding as a line. */
export function describeFinding({ code, line, shard, seq, to }: AuditFinding): string {
  if (code === 'log_stale') return `${code}: ${words[code]}`;
  const numbers =
    seq === undefined ? '' : ` ${to === undefined || to === seq ? seq : `${seq} to ${to}`}`;
  const place = [
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(shard === undefined ? [] : [`shard ${shard}`]),
  ].join(', ');
  const what = numbers === '' ? '' : `number${numbers} `;
  return `${code}: ${place}${place === '' ? '' : ': '}${what}${words[code]}`;
}

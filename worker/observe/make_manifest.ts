// Makes a manifest: all shards' heads at one moment, chained to the manifest before, and signed.

import { hashAuditText } from '../../src/audit/index.ts';
import type { AuditKey } from './audit_key.ts';
import type { ListedShard, ManifestStore, StoredManifest } from './manifest_store.ts';

const genesis = 'A'.repeat(43);

/** What a manifest is made of. Times in milliseconds. */
export interface ManifestParts {
  readonly issuer: string;
  readonly shards: readonly ListedShard[];
  readonly now: number;
  readonly keepFor: number;
}

/** Makes the manifest after the newest one. */
export async function makeManifest(
  store: ManifestStore,
  key: AuditKey,
  { issuer, shards, now, keepFor }: ManifestParts,
): Promise<StoredManifest> {
  const before = store.newest();
  const seq = (before?.seq ?? 0) + 1;
  const prev = before?.hash ?? genesis;
  const from = store.since(now - keepFor) ?? seq;
  const claims = {
    iss: issuer,
    iat: Math.floor(now / 1000),
    seq,
    prev,
    from,
    shards: shards.map(({ shard, seq: newest, hash, start }) => ({
      shard,
      seq: newest,
      hash,
      start: start.seq,
      start_hash: start.hash,
    })),
  };
  const jws = await key.sign('manifest', claims);
  const statement = jws ?? JSON.stringify(claims);
  const line = JSON.stringify(
    jws === undefined ? { kind: 'manifest', statement } : { kind: 'manifest', jws },
  );
  return { seq, hash: await hashAuditText(statement), at: now, prev, from, line, shards };
}

// Which object of the audit log is which: one for each shard, one for the manifests.

import type { AuditLog } from './audit_log.ts';

/** The object of a shard. */
export function shardStub(
  namespace: DurableObjectNamespace<AuditLog>,
  shard: number,
): DurableObjectStub<AuditLog> {
  return namespace.getByName(`shard-${shard}`);
}

/** The object of the manifests. */
export function manifestStub(
  namespace: DurableObjectNamespace<AuditLog>,
): DurableObjectStub<AuditLog> {
  return namespace.getByName('manifests');
}

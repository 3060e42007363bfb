// `swarmgate/audit`: whether an audit log is as it was written.

export { localKeys } from '../keys/local.ts';
export { remoteKeys } from '../keys/remote.ts';
export type { KeySource } from '../keys/key_source.ts';
export { hashText as hashAuditText, writeAuditEntry } from './line.ts';
export type { AuditFault, AuditFinding, AuditLoss, AuditReport, AuditShard } from './report.ts';
export { verifyAuditLog } from './verify_log.ts';
export type { AuditLogOptions } from './verify_log.ts';

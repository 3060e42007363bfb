// The contract of audit logs

import type { ContractSuite } from './case.ts';
import * as auditLog from './cases/audit_log.ts';

export const audit: readonly ContractSuite[] = [{ name: 'audit log', cases: auditLog.cases }];

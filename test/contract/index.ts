// The whole contract: every module of cases, in the order in which they are run

import type { ContractSuite } from './case.ts';
import * as capabilities from './cases/capabilities.ts';
import * as rfc7515 from './cases/rfc7515.ts';
import * as rfcSignatures from './cases/rfc_signatures.ts';
import { audit } from './audit.ts';
import { client } from './client.ts';
import { core } from './core.ts';
import { keys } from './keys.ts';
import { revoke } from './revoke.ts';
import { seal } from './seal.ts';

export const contract: readonly ContractSuite[] = [
  { name: 'capabilities', cases: capabilities.cases },
  { name: 'RFC 7515', cases: rfc7515.cases },
  { name: 'RFC signatures', cases: rfcSignatures.cases },
  ...core,
  ...keys,
  ...revoke,
  ...seal,
  ...client,
  ...audit,
];

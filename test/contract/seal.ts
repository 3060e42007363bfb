// The contract of sealing: payloads, sealed claims, nested tokens

import { asFarAs } from '../runtimes/capability.ts';
import type { ContractSuite } from './case.ts';
import * as sealBad from './cases/seal_bad.ts';
import * as sealBadInside from './cases/seal_bad_inside.ts';
import * as sealNested from './cases/seal_nested.ts';
import * as sealOptions from './cases/seal_options.ts';
import * as sealPayload from './cases/seal_payload.ts';
import * as sealRfc from './cases/seal_rfc.ts';

export const seal: readonly ContractSuite[] = [
  { name: 'seal: as RFCs print it', cases: sealRfc.cases },
  { name: 'seal: payloads', cases: sealPayload.cases },
  { name: 'seal: options', cases: sealOptions.cases },
  {
    name: 'seal: bad JWEs, outside',
    cases: asFarAs('DecompressionStream', [/requires the CompressionStream/], sealBad.cases),
  },
  { name: 'seal: bad JWEs, inside', cases: sealBadInside.cases },
  { name: 'seal: claims and nested tokens', cases: sealNested.cases },
];

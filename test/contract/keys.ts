// The contract of keys: generating, importing, selecting, and key sets that are fetched

import type { ContractSuite } from './case.ts';
import * as keysImport from './cases/keys_import.ts';
import * as keysImportBad from './cases/keys_import_bad.ts';
import * as keysPublic from './cases/keys_public.ts';
import * as keysRfc from './cases/keys_rfc.ts';
import * as keysSelect from './cases/keys_select.ts';
import * as remoteKeys from './cases/remote_keys.ts';
import * as remoteKeysBad from './cases/remote_keys_bad.ts';
import * as remoteKeysFlight from './cases/remote_keys_flight.ts';
import * as remoteKeysOptions from './cases/remote_keys_options.ts';

export const keys: readonly ContractSuite[] = [
  { name: 'keys: as RFCs print them', cases: keysRfc.cases },
  { name: 'keys: import', cases: keysImport.cases },
  { name: 'keys: bad signing keys', cases: keysImportBad.cases },
  { name: 'keys: public keys', cases: keysPublic.cases },
  { name: 'keys: exactly one', cases: keysSelect.cases },
  { name: 'remote keys: over time', cases: remoteKeys.cases },
  { name: 'remote keys: options and freshness', cases: remoteKeysOptions.cases },
  { name: 'remote keys: bad answers', cases: remoteKeysBad.cases },
  { name: 'remote keys: single flight', cases: remoteKeysFlight.cases },
];

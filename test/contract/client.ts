// The contract of the client: token source, authenticated fetch, bus client, keys of browsers

import type { ContractSuite } from './case.ts';
import * as clientBrowserKey from './cases/client_browser_key.ts';
import * as clientBus from './cases/client_bus.ts';
import * as clientBusBad from './cases/client_bus_bad.ts';
import * as clientDelegation from './cases/client_delegation.ts';
import * as clientFetch from './cases/client_fetch.ts';
import * as clientTokenBad from './cases/client_token_bad.ts';
import * as clientTokenSource from './cases/client_token_source.ts';

export const client: readonly ContractSuite[] = [
  { name: 'token source: over time', cases: clientTokenSource.cases },
  { name: 'token source: bad answers', cases: clientTokenBad.cases },
  { name: 'authenticated fetch', cases: clientFetch.cases },
  { name: 'client: delegation', cases: clientDelegation.cases },
  { name: 'bus client', cases: clientBus.cases },
  { name: 'bus client: bad answers', cases: clientBusBad.cases },
  { name: 'keys of browsers', cases: clientBrowserKey.cases },
];

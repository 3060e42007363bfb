// The contract of revocation: names, the state, the view that is kept fresh, the feed

import { asFarAs } from '../runtimes/capability.ts';
import type { ContractCase, ContractSuite } from './case.ts';
import * as revokeFeed from './cases/revoke_feed.ts';
import * as revokeFlight from './cases/revoke_flight.ts';
import * as revokeFresh from './cases/revoke_fresh.ts';
import * as revokeHash from './cases/revoke_hash.ts';
import * as revokeMemory from './cases/revoke_memory.ts';
import * as revokeView from './cases/revoke_view.ts';
import * as statusList from './cases/status_list.ts';
import * as statusListRefused from './cases/status_list_refused.ts';

/** What a runtime without compressed streams says. */
const refusals = ['revocation_unavailable', /(Dec|C)ompressionStream is not defined/];
const unfolding = (cases: readonly ContractCase[]): readonly ContractCase[] =>
  asFarAs('DecompressionStream', refusals, cases);

export const revoke: readonly ContractSuite[] = [
  { name: 'revocation: names', cases: revokeHash.cases },
  { name: 'revocation: state', cases: revokeView.cases },
  { name: 'revocation: freshness', cases: revokeFresh.cases },
  { name: 'revocation: flights', cases: revokeFlight.cases },
  { name: 'revocation: feed', cases: revokeFeed.cases },
  { name: 'revocation: memory', cases: revokeMemory.cases },
  { name: 'status lists', cases: unfolding(statusList.cases) },
  { name: 'refused status lists', cases: unfolding(statusListRefused.cases) },
];

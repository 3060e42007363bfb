// Whether a revocation covers a token that was issued: what a status list says, and the verifier's view too.

import type { TokenIdentity } from '../../../src/verify/index.ts';
import type { LogRecord } from '../revoke/revocation_store.ts';

/** What a token is revoked by, of itself and of each ancestor. */
export type StatusIdentity = Pick<
  TokenIdentity,
  'issuer' | 'tokenId' | 'sessionId' | 'agentIds' | 'keyThumbprint' | 'jkt' | 'issuedAt'
>;

/** What of a record says which tokens it covers. */
export type StatusRecord = Pick<LogRecord, 'kind' | 'issuer' | 'value' | 'before'>;

type Test = (identity: StatusIdentity, record: StatusRecord) => boolean;

const tests: Readonly<Record<StatusRecord['kind'], Test>> = {
  token: ({ tokenId }, { value }) => tokenId === value,
  session: ({ sessionId }, { value }) => sessionId === value,
  agent: ({ agentIds }, { value }) => agentIds.includes(value),
  key: ({ keyThumbprint }, { value }) => keyThumbprint === value,
  jkt: ({ jkt }, { value }) => jkt === value,
  before: ({ agentIds, issuedAt }, { value, before }) =>
    before !== null && issuedAt <= before && (value === '' || agentIds.includes(value)),
};

/** Tells whether a record covers a token or one of its ancestors. */
export function isCovered(identities: readonly StatusIdentity[], record: StatusRecord): boolean {
  return identities.some(
    (identity) => identity.issuer === record.issuer && tests[record.kind](identity, record),
  );
}

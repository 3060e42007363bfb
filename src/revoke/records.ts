// What can be revoked, under which names, and the records that say so.

import type { TokenIdentity } from '../token/identity.ts';

/** What a record revokes: one token, a session, an agent, a signing key, an agent's key, or all issued before a time. */
export type RevocationKind = 'token' | 'session' | 'agent' | 'key' | 'jkt' | 'before';

/** One record of the public feed. */
export interface FeedRecord {
  readonly seq: number;
  readonly kind: RevocationKind;
  /** base64url of the first 16 bytes of SHA-256 over kind, issuer and value, each with its length before it. */
  readonly h: string;
  /** For `before`: tokens with `iat` up to this time are covered, seconds since the epoch. */
  readonly before?: number;
  /**
   * From when on nobody accepts the last token that it covers, seconds: its `exp` and what clocks
   * may differ. Up to `as_of`: the record is lifted, with all earlier ones of its kind and hash.
   */
  readonly exp: number;
}

/** One answer of the public feed. */
export interface FeedPage {
  readonly issuer: string;
  /** Number of the last record that the answer takes into account: what to ask for next comes after. */
  readonly seq: number;
  /** When the answer was made, seconds since the epoch. */
  readonly as_of: number;
  /** Whether these are all records, or the first of all, not those after a number. */
  readonly full: boolean;
  /** Whether more records follow after `seq`: then a snapshot is not whole yet. */
  readonly more?: boolean;
  readonly records: readonly FeedRecord[];
}

/**
 * The `exp` of a record that stands until it is lifted.
 *
 * @example
 * ```ts
 * import { untilLifted } from 'swarmgate';
 *
 * if (untilLifted !== 2 ** 32 - 1) throw new Error('unexpected');
 * ```
 */
export const untilLifted = 0xffff_ffff;

/** What a record names, before hashing. */
export interface RevocationName {
  readonly kind: RevocationKind;
  readonly issuer: string;
  /** The `jti`, `sid`, agent id or thumbprint; for `before` the agent id, or empty for all agents. */
  readonly value: string;
}

/** Every name under which a token can be revoked, `before` last. */
export function namesOf(identity: TokenIdentity): readonly RevocationName[] {
  const { issuer, tokenId, sessionId, agentIds, keyThumbprint, jkt } = identity;
  const names: RevocationName[] = [{ kind: 'key', issuer, value: keyThumbprint }];
  if (tokenId !== undefined) names.push({ kind: 'token', issuer, value: tokenId });
  if (sessionId !== undefined) names.push({ kind: 'session', issuer, value: sessionId });
  if (jkt !== undefined) names.push({ kind: 'jkt', issuer, value: jkt });
  for (const value of agentIds) names.push({ kind: 'agent', issuer, value });
  for (const value of [...agentIds, '']) names.push({ kind: 'before', issuer, value });
  return names;
}

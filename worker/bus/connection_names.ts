// The names by which a socket can be revoked: those of its token, and of every ancestor and hop.

import { revocationHash, type RevocationKind, type TokenIdentity } from '../../src/verify/index.ts';
import type { NamedHash } from '../authority/revoke/revocation_push_store.ts';

/** One name, and when what has it was issued (seconds since the epoch). */
export interface ConnectionName {
  readonly kind: Exclude<RevocationKind, 'before'>;
  readonly issuer: string;
  readonly value: string;
  readonly issuedAt: number;
}

/** Every name of a chain. Each link has exactly one of the kind `key`. */
export function namesOf(identities: readonly TokenIdentity[]): readonly ConnectionName[] {
  return identities.flatMap((identity) => {
    const { issuer, tokenId, sessionId, agentIds, keyThumbprint, jkt, issuedAt } = identity;
    const values = [
      ['key', keyThumbprint],
      ['token', tokenId],
      ['session', sessionId],
      ['jkt', jkt],
      ...agentIds.map((id) => ['agent', id] as const),
    ] as const;
    return values.flatMap(([kind, value]) =>
      value === undefined ? [] : [{ kind, issuer, value, issuedAt }],
    );
  });
}

/** What a revocation log finds a chain by, the revocations of everything before a time among it. */
export function hashesOf(identities: readonly TokenIdentity[]): Promise<readonly NamedHash[]> {
  const names = namesOf(identities).flatMap((name) => {
    if (name.kind === 'agent') return [name, { ...name, kind: 'before' as const }];
    return name.kind === 'key' ? [name, { ...name, kind: 'before' as const, value: '' }] : [name];
  });
  return Promise.all(
    names.map(async ({ kind, issuer, value, issuedAt }) => ({
      kind,
      hash: await revocationHash({ kind, issuer, value }),
      issuedAt,
    })),
  );
}

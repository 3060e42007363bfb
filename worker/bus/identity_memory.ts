// The identities of connections as objects that stay the same: sources of revocation remember what they made of them.

import type { TokenIdentity } from '../../src/verify/index.ts';

/** A connection, with its identities as they are stored. */
export interface StoredIdentities {
  readonly id: string;
  readonly identities: string;
}

/** Remembers the connections of the last round, and no others. */
export interface IdentityMemory {
  /** The identities of each connection: the same objects as in the last round. */
  recall(
    rows: readonly StoredIdentities[],
  ): readonly { readonly id: string; readonly identities: readonly TokenIdentity[] }[];
}

/** Makes an empty memory. */
export function createIdentityMemory(): IdentityMemory {
  let known = new Map<string, readonly TokenIdentity[]>();
  return {
    recall(rows) {
      const next = new Map<string, readonly TokenIdentity[]>();
      const recalled = rows.map(({ id, identities: text }) => {
        const identities = known.get(id) ?? (JSON.parse(text) as readonly TokenIdentity[]);
        next.set(id, identities);
        return { id, identities };
      });
      known = next;
      return recalled;
    },
  };
}

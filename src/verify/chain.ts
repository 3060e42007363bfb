// The delegation of a token as its claims tell it, and that of most tokens: none.

import type { Grant } from './delegation.ts';

/** The delegation of a token, its structure checked. */
export interface Chain {
  /** Ids of the actors, newest first. */
  readonly actors: readonly string[];
  /** The ancestors, root first. */
  readonly ancestors: readonly Grant[];
  /** Tells whether every hop, down to the token's own grant, only narrowed. */
  readonly narrows: (own: Grant, tiers: readonly string[]) => boolean;
}

/** The chain of a token without delegation. */
export const noChain: Chain = { actors: [], ancestors: [], narrows: () => true };

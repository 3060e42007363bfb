// What the authority's modules share: the configuration, the objects, and what this isolate holds of them.

import type { Bindings, Config } from '../env.ts';
import type { AuthorityConfig } from '../env_authority.ts';
import type { OwnKeys } from './own_keys.ts';

/** The authority of one isolate, as its modules get it. */
export interface AuthorityContext {
  readonly config: Config;
  readonly settings: AuthorityConfig;
  readonly bindings: Bindings;
  /** The issuer's own keys: to verify with, to sign with, to publish. */
  readonly keys: OwnKeys;
  /** Lets work go on after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

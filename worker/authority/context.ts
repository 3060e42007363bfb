// What the authority's modules share: the configuration, the objects, and what this isolate holds of them.

import type { RevocationSource } from '../../src/verify/index.ts';
import type { Bindings, Config } from '../env.ts';
import type { AuthorityConfig } from '../env_authority.ts';
import type { ClientRegistry } from './token/client_registry.ts';
import type { DpopNonces } from './token/dpop_nonce.ts';
import type { OwnKeys } from './keys/own_keys.ts';
import type { IssueToken } from './token/token_issuer.ts';
import type { TokenReader } from './http/token_reader.ts';

/** The authority of one isolate, as its modules get it. */
export interface AuthorityContext {
  readonly config: Config;
  readonly settings: AuthorityConfig;
  readonly bindings: Bindings;
  /** The issuer's own keys: to verify with, to sign with, to publish. */
  readonly keys: OwnKeys;
  /** The gateway's verifier, for tokens that are asked about. */
  readonly tokens: TokenReader;
  readonly clients: ClientRegistry;
  /** The nonces that proofs at the token endpoint name. */
  readonly nonces: DpopNonces;
  readonly issueToken: IssueToken;
  /** What is revoked, as this isolate knows it. */
  readonly revocation: RevocationSource;
  /** Lets work go on after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

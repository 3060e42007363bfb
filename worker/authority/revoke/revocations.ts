// Records revocations in the issuer's log, for whatever part of the authority decides on them.

import { revocationHash, untilLifted, type RevocationKind } from '../../../src/verify/index.ts';
import type { RevocationLog } from './revocation_log.ts';
import type { Recorded } from './revocation_store.ts';

/** A revocation. Times are seconds since the epoch. */
export interface RevocationRequest {
  readonly kind: RevocationKind;
  /** The `jti`, `sid`, agent id or thumbprint; for `before` the agent id, or empty for all agents. */
  readonly value: string;
  /** Whose tokens; default: this authority's. */
  readonly issuer?: string;
  /** For `before`: tokens issued up to this time are covered. */
  readonly before?: number;
  /**
   * When nobody accepts the last covered token any more: {@link lastAcceptance}. In the past: lifts
   * what was recorded for the same kind, issuer and value.
   */
  readonly expiresAt: number;
  readonly reason?: string | undefined;
  /** The agent that asked for it. */
  readonly by?: string;
}

/** What recording needs of the bindings. */
export interface RevocationBindings {
  readonly REVOCATION_LOG: DurableObjectNamespace<RevocationLog>;
}

/** The longest that a token lives at verification, whatever its issuer says. */
export const longestLife = 3600;
// A verifier's tolerance is 60 s at most, and its own clock may be as far behind
const clockMargin = 120;

/** When nobody accepts a token any more that expires at this time. */
export const lastAcceptance = (expiresAt: number): number => expiresAt + clockMargin;

/** The log of an issuer. */
export function logStub(
  { REVOCATION_LOG }: RevocationBindings,
  { issuer }: { readonly issuer: string },
): DurableObjectStub<RevocationLog> {
  return REVOCATION_LOG.getByName(issuer);
}

/**
 * Records a revocation, durably before it resolves. What is recorded already answers its number.
 *
 * A signing key that is revoked stays so until it is lifted: whoever has it could go on signing.
 */
export async function recordRevocation(
  bindings: RevocationBindings,
  config: { readonly issuer: string },
  request: RevocationRequest,
): Promise<Recorded> {
  const { kind, value, issuer = config.issuer, before, expiresAt, reason, by } = request;
  const hash = await revocationHash({ kind, issuer, value });
  const stands = kind === 'key' && expiresAt > Date.now() / 1000;
  const exp = stands ? untilLifted : expiresAt;
  return logStub(bindings, config).record({ kind, issuer, value, hash, before, exp, reason, by });
}

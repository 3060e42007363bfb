// Audiences: a token for one of our resources is refused on the routes of every other.

import { TokenError, type VerifiedAgent } from '../../src/verify/index.ts';
import type { Config } from '../env.ts';

/** The audiences of a configuration. */
export interface AudienceRule {
  /** All that a verifier has to let in: its own, and those of configured routes. */
  readonly widened: (own: readonly string[]) => readonly string[];
  /**
   * Refuses a token that is for another resource. `audience` is that of the route; without one, what
   * the issuer's tokens are for by default.
   *
   * @throws TokenError `audience_mismatch`
   */
  readonly check: (agent: VerifiedAgent, audience: string | undefined) => void;
}

/** Makes the rule. */
export function createAudienceRule({
  issuer,
  audience: bus,
  publicUrl,
  trustedIssuers,
  routes,
}: Config): AudienceRule {
  const apart = [...new Set(routes.flatMap(({ audience }) => audience ?? []))];
  const ordinary = new Map<string, readonly string[]>([
    [issuer, [bus, publicUrl]],
    ...trustedIssuers.map((trusted) => [trusted.issuer, trusted.audience] as const),
  ]);
  return {
    widened: (own) => [...new Set([...own, ...apart])],
    check(agent, audience) {
      const wanted = audience === undefined ? (ordinary.get(agent.issuer) ?? []) : [audience];
      if (!wanted.some((name) => agent.audience.includes(name))) {
        throw new TokenError('audience_mismatch');
      }
    },
  };
}

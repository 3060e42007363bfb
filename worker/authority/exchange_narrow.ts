// What an exchange may grant: never more than the subject's token, and never more than the client's registration.

import { covers, type VerifiedAgent } from '../../src/verify/index.ts';
import type { Config } from '../env.ts';
import type { Form } from './form.ts';
import type { Registration } from './registration.ts';
import { grantedAudience, grantedScope } from './token_scope.ts';

const maxHops = 3;

/** The scopes that both of two lists grant. */
function intersection(left: readonly string[], right: readonly string[]): readonly string[] {
  const within = (inner: readonly string[], outer: readonly string[]): string[] =>
    inner.filter((scope) => outer.some((other) => covers(other, scope)));
  return [...new Set([...within(left, right), ...within(right, left)])];
}

/**
 * The scopes to grant: those asked for, each within both; where none is named, what both have.
 * `undefined`: malformed, more than is allowed, or none at all.
 */
export function narrowedScope(
  asked: string | undefined,
  subject: Pick<VerifiedAgent, 'scope'>,
  registration: Pick<Registration, 'scope'>,
): readonly string[] | undefined {
  const scope = intersection(subject.scope, registration.scope);
  if (asked === undefined) return scope.length === 0 ? undefined : scope;
  return grantedScope(asked, { scope });
}

/** The audience to issue for: one of ours that the subject's token is for too. */
export function narrowedAudience(
  form: Form,
  { claims }: Pick<VerifiedAgent, 'claims'>,
  config: Pick<Config, 'audience' | 'publicUrl'>,
): string | undefined {
  const held = [claims.aud].flat();
  if (form.has('resource') || form.has('audience')) {
    const asked = grantedAudience(form, config);
    return asked !== undefined && held.includes(asked) ? asked : undefined;
  }
  return [config.audience, config.publicUrl].find((own) => held.includes(own));
}

/** The lower of two tiers; `undefined` where the order of the subject's verifier lacks the client's. */
export function narrowedTier(
  { tier, tiers }: Pick<VerifiedAgent, 'tier' | 'tiers'>,
  registration: Pick<Registration, 'tier'>,
): string | undefined {
  const rank = tiers.indexOf(registration.tier);
  return rank < 0 ? undefined : tiers[Math.min(rank, tiers.indexOf(tier))];
}

/** Whether a chain has room for one more actor. */
export const hasRoom = ({ actors }: Pick<VerifiedAgent, 'actors'>): boolean =>
  actors.length < maxHops;

/** How many hops may still be signed off line: one less than before, within the client's own policy. */
export function narrowedHops(
  { actors, claims }: Pick<VerifiedAgent, 'actors' | 'claims'>,
  { dlgMax = 0 }: Pick<Registration, 'dlgMax'>,
): number | undefined {
  const left = Math.min(dlgMax, (claims.dlg_max ?? 0) - 1, maxHops - actors.length - 1);
  return left > 0 ? left : undefined;
}

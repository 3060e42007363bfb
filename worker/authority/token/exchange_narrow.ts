// What an exchange may grant: never more than the subject's token, and never more than the client's registration.

import { covers, type VerifiedAgent } from '../../../src/verify/index.ts';
import type { Config } from '../../env.ts';
import type { Form } from '../http/form.ts';
import type { Registration } from '../agent/registration.ts';
import { grantedAudience, grantedScope, targetsOf } from './token_scope.ts';

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
  { audience: held }: Pick<VerifiedAgent, 'audience'>,
  config: Pick<Config, 'audience' | 'publicUrl' | 'routes'>,
): string | undefined {
  if (form.has('resource') || form.has('audience')) {
    const asked = grantedAudience(form, config);
    return asked !== undefined && held.includes(asked) ? asked : undefined;
  }
  return targetsOf(config).find((own) => held.includes(own));
}

/** The lower of two tiers; `undefined` where the order of the subject's verifier lacks the client's. */
export function narrowedTier(
  { tier, tiers }: Pick<VerifiedAgent, 'tier' | 'tiers'>,
  registration: Pick<Registration, 'tier'>,
): string | undefined {
  const rank = tiers.indexOf(registration.tier);
  return rank < 0 ? undefined : tiers[Math.min(rank, tiers.indexOf(tier))];
}

/** How many actors there are once the client acts: a hop that names it is its own. */
const depthOf = ({ actors }: Pick<VerifiedAgent, 'actors'>): number =>
  actors[0]?.jkt === undefined ? actors.length + 1 : actors.length;

/** Whether a chain has room for the client. */
export const hasRoom = (subject: Pick<VerifiedAgent, 'actors'>): boolean =>
  depthOf(subject) <= maxHops;

/** How many hops may still be signed off line: one less than before, within the client's own policy. */
export function narrowedHops(
  subject: Pick<VerifiedAgent, 'actors' | 'claims'>,
  { dlgMax = 0 }: Pick<Registration, 'dlgMax'>,
): number | undefined {
  const left = Math.min(dlgMax, (subject.claims.dlg_max ?? 0) - 1, maxHops - depthOf(subject));
  return left > 0 ? left : undefined;
}

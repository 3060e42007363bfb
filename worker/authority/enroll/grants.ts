// Who may grant what: an admin scope takes the very same of whoever grants it; every other, none.

import { covers } from '../../../src/verify/index.ts';

const isAdminScope = (scope: string): boolean => scope.startsWith('admin:');

/**
 * The scopes that an operator must hold to bring an agent from what it holds to what it is to hold.
 *
 * What the agent holds already is not granted again, as long as it is enabled.
 */
export function scopesToGrant(next: readonly string[], held: readonly string[] = []): string[] {
  return next.filter((scope) => isAdminScope(scope) && !held.some((other) => covers(other, scope)));
}

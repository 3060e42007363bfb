// What the directory takes over from an agent's registration.

import type { Registration } from '../agent/registration.ts';
import type { Facts } from './roster_store.ts';

export function factsOf(registration: Registration | null): Facts {
  if (registration === null) return undefined;
  const { tier, disabled, createdAt, version, jkt } = registration;
  return { tier, disabled, createdAt, version, jkt };
}

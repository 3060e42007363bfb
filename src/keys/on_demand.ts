// What only other keys than P-256, PEM and refused keys need: loaded with the first of them, and kept by the runtime.

import { TokenError } from '../errors/token_error.ts';
import type * as Members from './jwk_members.ts';
import type * as Parts from './parts.ts';

/** `key_unavailable`; the next call tries again. */
function fail(cause: unknown): never {
  throw new TokenError('key_unavailable', { cause });
}

/** Loads what reads the members of all kinds of keys. */
export const memberReader = (): Promise<typeof Members> => import('./jwk_members.ts').catch(fail);

/** Loads what reads PEM, and what says why a key is refused. */
export const keyParts = (): Promise<typeof Parts> => import('./parts.ts').catch(fail);

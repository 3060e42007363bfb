// Where a command gets the hops of an off-line delegation from, and how a chain is shown on one line

import { decodeUnverified, TokenError, type UnverifiedToken } from '../../src/index.ts';
import { openNamed, readHandle } from './read_capped.ts';
import { printable } from '../output/text.ts';
import { withoutTokens } from '../output/token_words.ts';

// Three hops at their longest, with room for a line ending
const maxBytes = 8192;

/** The option that names the file. */
export const delegationOption = [
  '--delegation-file <file>',
  'hops of an off-line delegation, as in the Agent-Delegation header',
] as const;

/** Reads the value of an `Agent-Delegation` header from a file; one final line ending is no part of it. */
export async function readDelegation(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const handle = await openNamed('--delegation-file', file);
  try {
    const capped = await readHandle(handle, file, maxBytes);
    if ('tooLarge' in capped) throw new TokenError('token_too_large');
    return capped.text.replace(/\r?\n$/, '');
  } finally {
    await handle.close();
  }
}

/** Decodes the hops of a value, oldest first, without believing them. */
export function decodeHops(delegation: string | undefined): readonly UnverifiedToken[] {
  if (delegation === undefined) return [];
  return delegation.split(',').map((text) => {
    const { header, claims } = decodeUnverified(text.trim());
    return { header: withoutTokens(header), claims: withoutTokens(claims) };
  });
}

const named = (value: unknown): string => (typeof value === 'string' ? printable(value) : '?');

/**
 * Who passed the token on to whom, the first first: `planner → researcher ⇢ scraper`, where `→` was
 * exchanged at the authority and `⇢` signed off line; `undefined` where nobody did.
 */
export function chainLine(
  claims: UnverifiedToken['claims'],
  hops: readonly UnverifiedToken[],
): string | undefined {
  const actors: string[] = [];
  let act: unknown = claims['act'];
  while (typeof act === 'object' && act !== null && actors.length < 8) {
    const { sub, act: inner } = act as { readonly sub?: unknown; readonly act?: unknown };
    actors.unshift(named(sub));
    act = inner;
  }
  if (actors.length === 0 && hops.length === 0) return undefined;
  const exchanged = [named(claims['sub']), ...actors].join(' → ');
  return [exchanged, ...hops.map((hop) => named(hop.claims['sub']))].join(' ⇢ ');
}

// The addresses of status lists, and what a token says of its place in one.

import type { StatusClaim } from '../../../src/verify/index.ts';
import type { Config } from '../../env.ts';
import type { StatusIndex } from './status_lease_store.ts';

/** The address of a list, which is its `sub` too. */
export function statusUri(list: number, { publicUrl }: Pick<Config, 'publicUrl'>): string {
  return `${publicUrl}/status/${list}`;
}

/** The claim of a token with this index. */
export function statusClaim(
  { list, idx }: StatusIndex,
  config: Pick<Config, 'publicUrl'>,
): StatusClaim {
  return { status_list: { idx, uri: statusUri(list, config) } };
}

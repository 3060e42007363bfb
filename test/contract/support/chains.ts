// Exchanged delegation chains: good ones of every length, and one changed member at a time

import type { Json } from './forge.ts';
import { change } from './forge.ts';
import { now, type World } from './world.ts';

/** The actors, the first that joined first. */
export const joined = ['worker', 'helper', 'tool'] as const;

/** The grants of a chain from its root to the token itself, each narrower than the last. */
export const grants: readonly Json[] = [
  { scope: 'bus:publish bus:receive', tier: 'power', aud: ['swarm-bus', 'b', 'c'], exp: now + 900 },
  { scope: 'bus:publish', tier: 'power', aud: ['swarm-bus', 'b'], exp: now + 800 },
  { scope: 'bus:publish:team-*', tier: 'fast', aud: ['swarm-bus', 'b'], exp: now + 700 },
  { scope: 'bus:publish:team-a-*', tier: 'fast', aud: ['swarm-bus'], exp: now + 600 },
];

/** `act` of so many actors, the newest outermost. */
export function actOf(ids: readonly string[]): Json | undefined {
  let act: Json | undefined;
  for (const sub of ids) act = { sub, ...(act === undefined ? {} : { act }) };
  return act;
}

/** Claims of a token after so many hops: its ancestors are the grants before it. */
export function chainClaims({ claims }: World, hops: number, own: Json = {}): Json {
  const ids = joined.slice(0, hops);
  return change(claims, {
    ...grants[hops],
    act: actOf(ids),
    client_id: ids.at(-1),
    dlg: grants.slice(0, hops).map((grant, at) => ({ ...grant, iat: now - 60, jti: `link-${at}` })),
    ...own,
  });
}

/** The same claims with one ancestor changed. */
export function withAncestor(claims: Json, at: number, changes: Json): Json {
  const dlg = claims['dlg'] as readonly Json[];
  return change(claims, {
    dlg: dlg.map((entry, index) => (index === at ? change(entry, changes) : entry)),
  });
}

// Off-line delegation: forged chains of every length below one bound root, and one changed thing at a time

import { createDpopProof, type SigningKey, type VerifyOptions } from '../../../src/index.ts';
import { change, sha256, sign, type Json } from './forge.ts';
import { request } from './proofs.ts';
import { clock, keyOf, now, world, type World } from './world.ts';

/** The holder of the root, then its delegates in turn; the key of each has its name. */
export const holders = ['planner', 'researcher', 'scraper', 'printer', 'sorter'] as const;

/** The grants of a chain, each narrower than the last: the root's first. */
export const hopGrants: readonly Json[] = [
  { scope: 'bus:publish bus:receive admin:read', tier: 'power', aud: ['swarm-bus', 'b', 'c'] },
  { scope: 'bus:publish', aud: ['swarm-bus', 'b'], exp: now + 600 },
  { scope: 'bus:publish:team-*', tier: 'fast', aud: ['swarm-bus', 'b'], exp: now + 500 },
  { scope: 'bus:publish:team-a-*', aud: 'swarm-bus', exp: now + 400 },
  { scope: 'bus:publish:team-a-b', aud: 'swarm-bus', exp: now + 300 },
];

/** The key of the holder at a place: 0 is the root's. */
export const holderKey = (at: number): Promise<SigningKey> =>
  keyOf('ES256', holders[at] ?? 'nobody');

/** The public members of a key, as a hop carries them. */
export async function publicMembers(key: SigningKey): Promise<Json> {
  const { kid: _kid, use: _use, alg: _alg, ...jwk } = key.publicJwk;
  return jwk;
}

/** Claims of a root token that may be delegated three times. */
async function rootClaims({ claims }: World, changes: Json = {}): Promise<Json> {
  const { kid } = await holderKey(0);
  return change(claims, { ...hopGrants[0], cnf: { jkt: kid }, dlg_max: 3, ...changes });
}

/** Changes to one hop. */
export interface HopChanges {
  readonly header?: Json;
  readonly claims?: Json;
  /** Who signs it; default: the key in `jwk`. */
  readonly signer?: SigningKey;
}

/** The hop at a place (1 is the first) below a parent's text, with changes. */
export async function hopBelow(
  parent: string,
  at: number,
  { header = {}, claims = {}, signer }: HopChanges = {},
): Promise<string> {
  const key = await holderKey(at - 1);
  const delegate = await holderKey(at);
  const head = { alg: 'ES256', typ: 'agent-delegation+jwt', jwk: await publicMembers(key) };
  const body = {
    prt: await sha256(parent),
    sub: holders[at],
    cnf: { jkt: delegate.kid },
    ...hopGrants[at],
    iat: now - 30,
    jti: `hop-${at}`,
  };
  return sign((signer ?? key).privateKey, change(head, header), change(body, claims));
}

/** A token and its hops. */
export interface Chain {
  readonly token: string;
  readonly hops: readonly string[];
}

/** A chain of so many hops; `changes` by place, 0 for the root's claims. */
export async function chainOf(
  length: number,
  changes: Readonly<Record<number, HopChanges>> = {},
): Promise<Chain> {
  const from = await world();
  const token = await from.signed(from.header, await rootClaims(from, changes[0]?.claims));
  const hops: string[] = [];
  for (let at = 1; at <= length; at++) {
    hops.push(await hopBelow(hops.at(-1) ?? token, at, changes[at]));
  }
  return { token, hops };
}

/** How a chain is presented by the holder at a place; by default the last one. */
export async function presented(
  { token, hops }: Chain,
  by: number = hops.length,
): Promise<VerifyOptions> {
  const proof = await createDpopProof({ key: await holderKey(by), ...request, token, clock });
  return { ...request, proof, delegation: hops.join(',') };
}

// The one good token, the keys around it, and the verifiers that it is shown to

import {
  createVerifier,
  generateSigningKey,
  localKeys,
  type SharedVerifierOptions,
  type SigningAlgorithm,
  type SigningKey,
  type TrustedIssuerOptions,
  type Verifier,
} from '../../../src/index.ts';
import { change, sign, type Json, type Part } from './forge.ts';

/** When everything happens, seconds since the epoch. */
export const now = 1_800_000_000;

/** The clock of every verifier here, unless a case brings its own. */
export const clock = (): number => now;

/** A clock that a case sets. */
export function movableClock(start = now): { read: () => number; set: (time: number) => void } {
  let time = start;
  return {
    read: () => time,
    set: (next) => {
      time = next;
    },
  };
}

const keys = new Map<string, Promise<SigningKey>>();

/** A key of that algorithm and name, made once for the whole run. */
export function keyOf(alg: SigningAlgorithm, name: string): Promise<SigningKey> {
  const id = `${alg} ${name}`;
  const known = keys.get(id);
  if (known !== undefined) return known;
  const made = generateSigningKey(alg);
  keys.set(id, made);
  return made;
}

/** What a case may set of its verifier. */
export type WorldOptions = Partial<TrustedIssuerOptions & SharedVerifierOptions>;

/** Everything that a mutation starts from. */
export interface World {
  /** The trusted key. */
  readonly key: SigningKey;
  /** A key that nobody trusts. */
  readonly stranger: SigningKey;
  readonly header: Json;
  readonly claims: Json;
  /** The good token: `header` and `claims`, signed by `key`. */
  readonly token: string;
  /** The default verifier: trusts `key`, ES256 alone, no revocation. */
  readonly verifier: Verifier;
  /** Signs with the trusted key whatever the content is. */
  readonly signed: (header: Part, claims: Part) => Promise<string>;
  /** The good token with other claims, signed again. */
  readonly withClaims: (changes: Json) => Promise<string>;
  /** The good token with other header members, signed again. */
  readonly withHeader: (changes: Json) => Promise<string>;
  /** A verifier of the trusted key with further options. */
  readonly verifierWith: (options: WorldOptions) => Promise<Verifier>;
}

async function makeWorld(): Promise<World> {
  const key = await keyOf('ES256', 'trusted');
  const stranger = await keyOf('ES256', 'stranger');
  const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid };
  const claims = {
    iss: 'yamtam-engine',
    aud: 'swarm-bus',
    sub: 'planner',
    client_id: 'planner',
    iat: now - 60,
    exp: now + 840,
    jti: 'a9c1c5b2-6f0e-4d7e-9a51-1f7f6f0c2b11',
    sid: 'run-1',
    tier: 'fast',
    scope: 'bus:publish bus:receive',
  };
  const signed = (head: Part, body: Part): Promise<string> => sign(key.privateKey, head, body);
  const source = await localKeys(key.publicJwk);
  const verifierWith = async (options: WorldOptions): Promise<Verifier> =>
    createVerifier({ keys: source, clock, ...options });
  return {
    key,
    stranger,
    header,
    claims,
    token: await signed(header, claims),
    verifier: await verifierWith({}),
    signed,
    withClaims: (changes) => signed(header, change(claims, changes)),
    withHeader: (changes) => signed(change(header, changes), claims),
    verifierWith,
  };
}

let made: Promise<World> | undefined;

/** The world, made once for the whole run. */
export function world(): Promise<World> {
  made ??= makeWorld();
  return made;
}

// Options of delegateAgentToken: what they are, their defaults, and the checks of them.

import { isScope } from '../authorize/scope.ts';
import {
  checkNotUndefined,
  checkOptionNames,
  numberOption,
  readClock,
  systemClock,
  type Clock,
} from '../errors/caller.ts';
import type { SigningKey } from '../keys/signing_key.ts';
import type { Confirmation } from '../token/claims.ts';
import { isAgentId } from '../token/identity.ts';
import { isConfirmation, isFilledList, isName, isRecord, isText } from '../token/shape.ts';
import { hopAlgorithm } from '../verify/hop_keys.ts';

/** Options of `delegateAgentToken`. */
export interface DelegationOptions {
  /** The bound token at the root of the chain. */
  readonly token: string;
  /** The hops so far, oldest first, as in `Agent-Delegation`; left out where the token is one's own. */
  readonly delegation?: string;
  /** The key that the token is bound to, or that the last hop names. */
  readonly key: SigningKey;
  /** The id of the delegate. */
  readonly to: string;
  /** The delegate's key: `{ jkt }`, its thumbprint. */
  readonly cnf: Confirmation;
  /** What the delegate may do, at least one scope. */
  readonly scope: string | readonly string[];
  /** For whom; default: what the parent is for. */
  readonly audience?: string | readonly string[];
  /** Default: the parent's. */
  readonly tier?: string;
  /** At most so many seconds, 1 to 3,600, and never beyond the parent's end; default 900. */
  readonly lifetime?: number;
  /** The tiers, lowest first; default `fast`, `power`. */
  readonly tiers?: readonly string[];
  /** The time, in seconds since the epoch. */
  readonly clock?: Clock;
}

const optionNames = [
  'token',
  'delegation',
  'key',
  'to',
  'cnf',
  'scope',
  'audience',
  'tier',
  'lifetime',
  'tiers',
  'clock',
] as const satisfies readonly (keyof DelegationOptions)[];

/** Checked options. */
export interface WantedHop extends Required<
  Pick<DelegationOptions, 'token' | 'key' | 'to' | 'lifetime' | 'tiers'>
> {
  readonly delegation: string | undefined;
  readonly jkt: string;
  readonly scope: readonly string[];
  readonly audience: readonly string[] | undefined;
  readonly tier: string | undefined;
  readonly now: number;
}

function readList(
  name: string,
  value: unknown,
  is: (entry: unknown) => boolean,
): readonly string[] {
  if (!isFilledList(value) || !value.every((entry) => isText(entry) && is(entry))) {
    throw new TypeError(`"${name}" must hold at least one, each well-formed`);
  }
  return value.filter(isText);
}

/** Copies and checks the options. */
export function readDelegationOptions(options: DelegationOptions): WantedHop {
  checkOptionNames('delegateAgentToken', options, optionNames);
  checkNotUndefined(options, optionNames);
  const { token, delegation, key, to, cnf, scope, audience, tier, clock = systemClock } = options;
  if (!isText(token)) throw new TypeError('"token" must be a token');
  if (!isRecord(key) || key.privateKey?.type !== 'private' || !hopAlgorithm(key.alg)) {
    throw new TypeError('"key" must be a signing key for ES256 or Ed25519');
  }
  if (!isAgentId(to)) throw new TypeError('"to" must be an agent id');
  if (!isConfirmation(cnf)) throw new TypeError('"cnf" must be { jkt }, a SHA-256 thumbprint');
  if (tier !== undefined && !isName(tier)) throw new TypeError('"tier" must be a name');
  if (typeof clock !== 'function') throw new TypeError('"clock" must be a function');
  const { tiers = ['fast', 'power'] } = options;
  const range = { min: 1, max: 3600, fallback: 900 };
  const scopes = readList('scope', isText(scope) ? scope.split(' ') : scope, isScope);
  const audiences =
    audience === undefined
      ? undefined
      : readList('audience', isText(audience) ? [audience] : audience, (entry) => entry !== '*');
  return {
    token,
    delegation,
    key,
    to,
    jkt: cnf.jkt,
    scope: scopes,
    audience: audiences,
    tier,
    lifetime: Math.floor(numberOption('lifetime', options.lifetime, range)),
    tiers: readList('tiers', tiers, isText),
    now: Math.floor(readClock(clock)),
  };
}

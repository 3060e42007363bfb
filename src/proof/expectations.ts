// What a DPoP proof is held against: the options, and the checks that stop a mistake in them.

import { checkNotUndefined, checkOptionNames, numberOption, type Clock } from '../errors/caller.ts';
import { isSigningAlgorithm, type SigningAlgorithm } from '../keys/algorithms.ts';
import { isTarget } from './htu.ts';
import type { ReplayGuard } from './replay.ts';

/** Accepted algorithms, unless the caller names others. */
export const defaultAlgorithms: readonly SigningAlgorithm[] = ['ES256', 'Ed25519'];

/** What a proof is checked against. */
export interface DpopExpectations {
  readonly method: string;
  readonly url: string | URL;
  /** The access token that the proof came with; its hash must be the proof's `ath`. */
  readonly token?: string;
  /** Thumbprint that the proof's key must have. */
  readonly jkt?: string;
  /** Answers whether a nonce is one of this server's; given, a proof without a good one is refused. */
  readonly isNonce?: (nonce: string) => boolean | Promise<boolean>;
  /** Accepted algorithms; default ES256 and Ed25519. */
  readonly algorithms?: readonly SigningAlgorithm[];
  /** Accepted difference between clocks, in seconds; default 5. */
  readonly clockTolerance?: number;
  readonly clock?: Clock;
}

const expectationNames = [
  'method',
  'url',
  'token',
  'jkt',
  'isNonce',
  'algorithms',
  'clockTolerance',
  'clock',
  'replay',
];

/** Copies and checks what a proof is held against: a typo here must not switch a check off. */
export function readExpectations(
  expected: DpopExpectations & { readonly replay?: ReplayGuard },
): DpopExpectations {
  checkOptionNames('verifyDpopProof', expected, expectationNames);
  checkNotUndefined(expected, expectationNames);
  const { method, url, algorithms, clockTolerance, replay, ...rest } = expected;
  if (typeof method !== 'string' || method === '') {
    throw new TypeError('"method" must be an HTTP method');
  }
  if (!isTarget(String(url))) throw new TypeError('"url" must be an http(s) URL or a URN');
  if (replay !== undefined && typeof replay?.use !== 'function') {
    throw new TypeError('"replay" must be a replay guard');
  }
  const list = algorithms ?? defaultAlgorithms;
  if (!Array.isArray(list) || list.length === 0 || !list.every(isSigningAlgorithm)) {
    throw new TypeError('"algorithms" must be a non-empty list of asymmetric algorithms');
  }
  const range = { min: 0, max: 60, fallback: 5 };
  const tolerance = numberOption('clockTolerance', clockTolerance, range);
  return { ...rest, method, url: String(url), algorithms: list, clockTolerance: tolerance };
}

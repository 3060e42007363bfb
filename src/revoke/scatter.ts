// Spreads fingerprints evenly: a feed whose hashes were chosen to stand side by side costs no more than another.

import type { Fingerprint } from './fingerprint.ts';

/** Mixes 32 bits, as the end of MurmurHash3 does. */
function mix(bits: number): number {
  const first = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2_ae35);
  return second ^ (second >>> 16);
}

/**
 * Makes a one-to-one map of fingerprints, another one each time it is made.
 *
 * Two rounds, each half mixed into the other with a random number that nobody outside knows.
 */
export function createScatter(): (fingerprint: Fingerprint) => Fingerprint {
  // Made with the first: outside of a request Workers have no random numbers
  let secrets: Uint32Array | undefined;
  return ({ high, low }) => {
    secrets ??= crypto.getRandomValues(new Uint32Array(2));
    const [first = 0, second = 0] = secrets;
    const nextLow = (low ^ mix(high ^ first)) >>> 0;
    return { high: (high ^ mix(nextLow ^ second)) >>> 0, low: nextLow };
  };
}

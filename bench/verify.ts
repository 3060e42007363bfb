// How long verifying takes, first time and again, against a bare signature check and what people would use instead.

import { inFlight, machine, oneAtATime, printRatios } from './support/interleave.ts';
import { lineUp, type PeerAlgorithm } from './support/verify_peers.ts';

const quick = process.argv.includes('--quick');
const tokenCount = quick ? 300 : 3000;
const algorithms: readonly PeerAlgorithm[] = ['ES256', 'RS256'];

process.stdout.write(`${machine()}; ${tokenCount} distinct tokens\n`);
for (const alg of algorithms) {
  const { tokens, asynchronous, synchronous, again } = await lineUp(alg, tokenCount);
  const all = [...asynchronous, ...synchronous];
  // What has not run ten thousand times is not yet compiled for good
  await inFlight(all, tokens, { width: 64, batch: 1000, rounds: quick ? 2 : 12 });
  printRatios(`${alg}, first time, one at a time`, await oneAtATime(all, tokens));
  const width = { width: 64, batch: quick ? 256 : 512, rounds: quick ? 8 : 40 };
  printRatios(`${alg}, first time, 64 in flight`, await inFlight(asynchronous, tokens, width));
  const seen = { width: 1, batch: tokenCount, rounds: quick ? 10 : 60 };
  await inFlight(again, tokens, { ...seen, rounds: 4 });
  printRatios(`${alg}, again, same tokens`, await inFlight(again, tokens, seen));
}

// Whether the gateway stays as fast as tokens and revocations grow in number.

import { startGatewayWorld } from './support/gateway_world.ts';
import { printHttp, takeTurns, warmUp } from './support/http_rounds.ts';
import { machine } from './support/interleave.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? 2 : 8;
const seconds = 1;
const distinct = quick ? [100, 1000] : [100, 1000, 10_000, 100_000];
const revoked = quick ? [0, 10_000] : [0, 1000, 100_000, 1_000_000];
const first = 500;

process.stdout.write(`${machine()}\n`);
const world = await startGatewayWorld({ tokens: Math.max(...distinct), records: revoked });
try {
  const { at, pid, load } = world;
  // Until each has asked its log for all of it
  for (const count of revoked) await untilServed(at(`records-${count}`));
  const tokens = distinct.map((count) => ({
    name: `${count} tokens`,
    url: at('gateway'),
    pid,
    first: count,
    // Goes on where the round before has stopped, or a large number would never be seen
    skip: (round: number) => (round * 10_000) % count,
  }));
  await warmUp(tokens, load, { requests: 20_000, seconds: quick ? 2 : 8 });
  printHttp('Distinct tokens', await takeTurns(tokens, rounds, { ...load, seconds }));

  const records = revoked.map((count) => ({
    name: `${count} revoked`,
    url: at(`records-${count}`),
    pid,
    first,
  }));
  await warmUp(records, load, { requests: 20_000, seconds: quick ? 2 : 8 });
  printHttp('Revoked tokens held', await takeTurns(records, rounds, { ...load, seconds }));
} finally {
  await world.stop();
}

/** Asks until there is a view of the log: a large one takes longer than one request waits. */
async function untilServed(url: string): Promise<void> {
  const [token = ''] = world.tokens.some;
  for (const end = performance.now() + 300_000; performance.now() < end;) {
    const { status } = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} is never served`);
}

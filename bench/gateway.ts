// What the gateway costs over HTTP: requests a second and latency on one core, beside a bare Worker and peers.

import { startGatewayWorld } from './support/gateway_world.ts';
import { printHttp, takeTurns, warmUp } from './support/http_rounds.ts';
import { machine } from './support/interleave.ts';
import { printPaced } from './support/paced_rounds.ts';
import { pin } from './support/workers.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 16;
const seconds = 1;
/** One for each agent. */
const first = 500;
/** More than a bench uses: each of them is new to the gateway when it comes. */
const fresh = { from: 20_000, round: 6000 };
/** Far from what a core can do: what is seen is the gateway, not a queue. */
const pace = { rate: 400, connections: 8, seconds: 1 };
const warm = quick ? { requests: 1000, seconds: 2 } : { requests: 20_000, seconds: 16 };

process.stdout.write(`${machine()}\n`);
const paced = fresh.from + (rounds + 1) * fresh.round;
const world = await startGatewayWorld({ tokens: paced + rounds * pace.rate });
try {
  const { at, pid, haproxy, load } = world;
  const bare = { name: 'bare Worker', url: at('bare'), pid, first };
  const answering = [
    bare,
    { name: 'bare Hono', url: at('hono'), pid, first },
    { name: 'gateway, /whoami', url: at('gateway'), pid, first },
    { name: 'gateway, AUDIT=required', url: at('required'), pid, first },
    { name: 'Hono and jose.jwtVerify', url: at('jose'), pid, first },
    ...(haproxy === undefined ? [] : [{ name: 'HAProxy, jwt_verify', ...haproxy, first }]),
  ];
  await warmUp(answering, load, warm);
  const rates = await takeTurns(answering, rounds, { ...load, seconds });
  printHttp(`One core, ${load.connections} connections, ${first} tokens`, rates);

  const hops = [
    { name: 'the object alone', url: at('hop'), pid, first },
    { name: 'gateway, /bus/status', url: at('gateway', '/bus/status'), pid, first },
  ];
  await warmUp(hops, load, warm);
  const buses = await takeTurns(hops, rounds, { ...load, seconds });
  printHttp('The embedded bus: the same call of the same objects', buses);

  const latency = await takeTurns(
    [
      bare,
      { name: 'gateway, token seen before', url: at('gateway'), pid, first },
      {
        name: 'gateway, token seen first',
        url: at('gateway'),
        pid,
        first: paced,
        skip: (round) => fresh.from + round * fresh.round,
      },
    ],
    rounds,
    { ...load, connections: 1, seconds },
  );
  printHttp('Latency: one connection', latency);

  // From here on this process is the client
  if (load.core !== undefined) pin(process.pid, load.core);
  await printPaced(
    [
      bare,
      { name: 'gateway, token seen before', url: at('gateway'), pid, first },
      {
        name: 'gateway, token seen first',
        url: at('gateway'),
        pid,
        first: pace.rate,
        skip: (round) => paced + round * pace.rate,
      },
    ],
    rounds,
    { ...pace, tokens: world.tokens.file },
  );
} finally {
  await world.stop();
}

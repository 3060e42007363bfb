// Controls: unusual tokens that must be accepted, so that "refuses everything" cannot pass

import { createVerifier, localKeys } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { change } from '../support/forge.ts';
import { accepts, type Control } from '../support/mutations.ts';
import { clock, keyOf, now, world } from '../support/world.ts';

const controls: readonly Control[] = [
  { name: 'C1: the good token', make: ({ token }) => token },
  {
    name: 'C4: typ application/at+jwt',
    make: (from) => from.withHeader({ typ: 'application/at+jwt' }),
  },
  { name: 'C4: typ AT+JWT', make: (from) => from.withHeader({ typ: 'AT+JWT' }) },
  {
    name: 'C5: an aud of ours and one other',
    make: (from) => from.withClaims({ aud: ['swarm-bus', 'https://tools.example'] }),
  },
  { name: 'C6: a fractional exp', make: (from) => from.withClaims({ exp: now + 840.25 }) },
  {
    name: 'C7: white space around the JSON',
    make: ({ signed, header, claims }) => signed(header, `\n ${JSON.stringify(claims)}\t\r\n`),
  },
  {
    name: 'C10: the older of two published keys',
    make: ({ token }) => token,
    by: async ({ key }) => {
      const newer = await keyOf('ES256', 'newer');
      const keys = await localKeys({ keys: [newer.publicJwk, key.publicJwk] });
      return createVerifier({ keys, clock });
    },
  },
  { name: 'C12: an unknown header member', make: (from) => from.withHeader({ trace: 'abc' }) },
  {
    name: 'unknown claims',
    make: (from) => from.withClaims({ team: 'a', nested: { deep: [1, null] } }),
  },
];

export const cases: readonly ContractCase[] = [
  ...accepts(controls),
  {
    name: 'verifyAgentToken() accepts C11: the same token 1,000 times, with the same agent each time',
    run: async () => {
      const { token, verifierWith } = await world();
      const verifier = await verifierWith({ cache: { maxEntries: 1 } });
      const first = await verifier.verifyAgentToken(token);
      for (let turn = 0; turn < 1000; turn++) {
        equal(await verifier.verifyAgentToken(token), first, 'agent');
      }
    },
  },
  {
    name: 'verifyAgentToken() accepts 100 interleaved agents and mixes none of them up',
    run: async () => {
      const { signed, header, claims, verifier } = await world();
      const subs = Array.from({ length: 100 }, (_, at) => `agent-${at % 2}-${at}`);
      const tokens = await Promise.all(
        subs.map((sub) => signed(header, change(claims, { sub, client_id: sub, jti: sub }))),
      );
      const agents = await Promise.all(tokens.map((token) => verifier.verifyAgentToken(token)));
      for (const [at, agent] of agents.entries()) {
        equal(agent.agentId, subs[at], 'agentId');
        equal(agent.tokenId, subs[at], 'tokenId');
      }
    },
  },
];

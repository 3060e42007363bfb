// Delegation in the client: hops that a source hands out travel beside the token, with proofs by the last key

import {
  createAuthenticatedFetch,
  createBusClient,
  type AccessToken,
  type AccessTokenSource,
} from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { chainOf, holderKey } from '../support/hops.ts';
import { refusesCaller } from '../support/rejections.ts';
import { clock, now, world } from '../support/world.ts';

const origin = 'https://bus.example';

/** What the last holder of a chain of so many hops was handed. */
async function handed(length: number): Promise<AccessToken> {
  const { token, hops } = await chainOf(length);
  const key = await holderKey(length);
  const base = { token, key, scheme: 'DPoP', expiresAt: now + 300 } as const;
  return length === 0 ? base : { ...base, delegation: hops.join(',') };
}

const sourceOf = (access: AccessToken): AccessTokenSource => ({ token: async () => access });

/** A gateway that verifies what it gets, as the real one does, and says who it was. */
async function verifying(request: Request): Promise<Response> {
  const verifier = await (await world()).verifierWith({ authenticateActor: () => true });
  const { headers, method, url } = request;
  const delegation = headers.get('agent-delegation') ?? undefined;
  const result = await verifier.checkAgentToken(
    headers.get('authorization')?.replace('DPoP ', '') ?? '',
    { proof: headers.get('dpop') ?? '', method, url, delegation },
  );
  return result.ok
    ? new Response(result.value.agentId, { status: 202 })
    : Response.json({ code: result.error.code }, { status: result.error.status });
}

const server = {
  origins: [origin],
  clock,
  fetch: (input: string | URL | Request, init?: RequestInit) => verifying(new Request(input, init)),
};

export const cases: readonly ContractCase[] = [
  ...[0, 1, 3].map((length): ContractCase => ({
    name: `createAuthenticatedFetch() presents a token with ${length} hops so that it verifies`,
    run: async () => {
      const call = createAuthenticatedFetch({ source: sourceOf(await handed(length)), ...server });
      const response = await call(`${origin}/whoami`);
      const who = ['planner', 'researcher', 'scraper', 'printer'][length];
      equal(await response.text(), who, 'agentId');
    },
  })),
  {
    name: 'createBusClient() sends the hops that its source hands out',
    run: async () => {
      const seen: (string | null)[] = [];
      const access = await handed(2);
      const bus = createBusClient({
        url: origin,
        source: sourceOf(access),
        clock,
        fetch: (input, init) => {
          const request = new Request(input, init);
          seen.push(request.headers.get('agent-delegation'));
          return verifying(request);
        },
      });
      await bus.send({ to: 'reviewer', type: 'REQUEST', subject: 'news', payload: {} });
      equal(seen.join(), access.delegation, 'Agent-Delegation');
    },
  },
  ...(['', 'a b', 'a,,b', 'a\nb', 'a;b', 1] as readonly unknown[]).map(
    (delegation): ContractCase => ({
      name: `createAuthenticatedFetch() refuses ${JSON.stringify(delegation)} for hops`,
      run: async () => {
        const access = { ...(await handed(1)), delegation: delegation as string };
        const call = createAuthenticatedFetch({ source: sourceOf(access), ...server });
        await refusesCaller(() => call(`${origin}/whoami`), 'hops of delegation');
      },
    }),
  ),
  {
    name: 'createAuthenticatedFetch() sends no hops beside a bearer token',
    run: async () => {
      const { token, delegation = '' } = await handed(1);
      const access = { token, delegation, scheme: 'Bearer', expiresAt: now } as const;
      const call = createAuthenticatedFetch({ source: sourceOf(access), ...server });
      await refusesCaller(() => call(`${origin}/whoami`), 'hops of delegation');
    },
  },
  {
    name: 'createAuthenticatedFetch() refuses an Agent-Delegation header of the caller',
    run: async () => {
      const call = createAuthenticatedFetch({ source: sourceOf(await handed(1)), ...server });
      const headers = { 'Agent-Delegation': 'x' };
      await refusesCaller(() => call(`${origin}/whoami`, { headers }), 'agent-delegation');
    },
  },
];

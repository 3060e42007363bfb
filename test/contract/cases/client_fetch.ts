// createAuthenticatedFetch: to whom the token goes, when a request is sent again, and what is refused

import {
  createAuthenticatedFetch,
  type AccessToken,
  type AuthenticatedFetch,
  type AuthenticatedFetchOptions,
} from '../../../src/index.ts';
import { equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { busUrl, fakeBus, type FakeBus, type Mishap } from '../support/fake_bus.ts';
import { refusesCaller } from '../support/rejections.ts';
import { clock } from '../support/world.ts';

interface Setup {
  readonly bus: FakeBus;
  readonly call: AuthenticatedFetch;
}

const whoami = `${busUrl}/whoami`;

async function setup(options: Partial<AuthenticatedFetchOptions> = {}): Promise<Setup> {
  const bus = await fakeBus(clock);
  const source = await bus.sourceOf('planner');
  const origins = [busUrl];
  const call = createAuthenticatedFetch({ source, origins, fetch: bus.fetch, clock, ...options });
  return { bus, call };
}

/** A source that gives one token after another, the last one again and again. */
async function sequence(bus: FakeBus, ...agents: readonly string[]) {
  const tokens: AccessToken[] = [];
  for (const agent of agents) tokens.push(await (await bus.sourceOf(agent)).token());
  const refused: (AccessToken | undefined)[] = [];
  return {
    refused,
    tokens,
    token: async (request: { readonly refused?: AccessToken } = {}) => {
      refused.push(request.refused);
      if (tokens.length > 1 && request.refused !== undefined) tokens.shift();
      const [current] = tokens;
      if (current === undefined) throw new Error('No token');
      return current;
    },
  };
}

const refusing =
  (error: string): Mishap =>
  () =>
    new Response('{}', {
      status: 401,
      headers: { 'www-authenticate': `Bearer realm="a", error="${error}"` },
    });

const badCalls: readonly (readonly [
  what: string,
  input: string | URL,
  init: RequestInit,
  words: string,
])[] = [
  ['another host', 'https://evil.example/whoami', {}, 'origin'],
  ['another scheme', 'http://gate.example/whoami', {}, 'origin'],
  ['another port', 'https://gate.example:8443/whoami', {}, 'origin'],
  ['a host that begins the same', 'https://gate.example.evil.example/', {}, 'origin'],
  ['a host in front of which ours is a user', 'https://gate.example@evil.example/', {}, ''],
  [
    'an Authorization of its own',
    whoami,
    { headers: { AUTHORIZATION: 'Basic a' } },
    'authorization',
  ],
  ['a DPoP header of its own', whoami, { headers: [['dpop', 'a']] }, 'dpop'],
  ['redirects to follow', whoami, { redirect: 'follow' }, 'redirect'],
];

const badOptions: readonly (readonly [changes: object, words: string])[] = [
  [{ source: undefined }, '"source"'],
  [{ source: {} }, '"source"'],
  [{ origins: [] }, '"origins"'],
  [{ origins: 'https://gate.example' }, '"origins"'],
  [{ origins: ['https://gate.example/'] }, '"origins"'],
  [{ origins: ['https://gate.example/path'] }, '"origins"'],
  [{ origins: ['http://gate.example'] }, '"origins"'],
  [{ origins: ['*'] }, '"origins"'],
  [{ origins: ['null'] }, '"origins"'],
  [{ fetch: 1 }, '"fetch"'],
  [{ clock: 1 }, '"clock"'],
  [{ origin: busUrl }, '"origin"'],
];

export const cases: readonly ContractCase[] = [
  {
    name: 'createAuthenticatedFetch() presents a bound token with a fresh proof each time',
    run: async () => {
      const { bus, call } = await setup();
      for (const url of [whoami, new URL(`${whoami}?a=b#c`), new Request(whoami)]) {
        const response = await call(url);
        equal(await response.text(), '{"agent":"planner"}', 'answer');
      }
      const proofs = bus.arrived.map(({ headers }) => headers.get('dpop'));
      equal(new Set(proofs).size, 3, 'proofs');
      equal(bus.arrived[0]?.headers.get('authorization')?.startsWith('DPoP '), true, 'scheme');
    },
  },
  {
    name: 'createAuthenticatedFetch() presents an unbound token as bearer, without a proof',
    run: async () => {
      const bus = await fakeBus(clock);
      const source = await bus.sourceOf('planner', false);
      const call = createAuthenticatedFetch({ source, origins: [busUrl], fetch: bus.fetch });
      equal((await call(whoami)).status, 200, 'status');
      equal(bus.arrived[0]?.headers.has('dpop'), false, 'proof');
    },
  },
  {
    name: 'createAuthenticatedFetch() keeps method, headers and body, and names the method as sent',
    run: async () => {
      const { bus, call } = await setup();
      const headers = { 'x-own': 'kept' };
      const init = { method: 'put', headers, body: 'text' };
      equal((await call(whoami, init)).status, 200, 'status');
      equal((await call(new Request(whoami, init))).status, 200, 'status of a Request');
      for (const arrived of bus.arrived) {
        equal(arrived.method, 'PUT', 'method');
        equal(arrived.headers.get('x-own'), 'kept', 'header');
        equal(arrived.body, 'text', 'body');
      }
      equal('authorization' in headers, false, 'the headers passed in');
    },
  },
  {
    name: 'createAuthenticatedFetch() puts the nonce of the server into a second proof, and remembers it',
    run: async () => {
      const { bus, call } = await setup();
      bus.demandNonce('first');
      equal(
        (await call(whoami, { method: 'POST', body: 'text' })).status === 401,
        false,
        'refused',
      );
      equal(bus.arrived.length, 2, 'requests');
      await call(whoami);
      equal(bus.arrived.length, 3, 'requests with the nonce known');
      bus.demandNonce('second');
      await call(whoami);
      equal(bus.arrived.length, 5, 'requests after another nonce');
    },
  },
  {
    name: 'createAuthenticatedFetch() tries a nonce once, and returns the second refusal',
    run: async () => {
      const { bus, call } = await setup();
      const never: Mishap = () =>
        new Response('{}', {
          status: 401,
          headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'other' },
        });
      bus.mishaps.push(never, never, never);
      equal((await call(whoami)).status, 401, 'status');
      equal(bus.arrived.length, 2, 'requests');
    },
  },
  {
    name: 'createAuthenticatedFetch() sends a stream or a Request with a body once only',
    run: async () => {
      const { bus, call } = await setup();
      bus.demandNonce('wanted');
      const request = new Request(whoami, { method: 'POST', body: 'text' });
      equal((await call(request)).status, 401, 'status');
      equal(bus.arrived.length, 1, 'requests');
      equal((await call(new Request(whoami))).status, 200, 'status of a Request without a body');
    },
  },
  {
    name: 'createAuthenticatedFetch() tries again once with the token that replaces a refused one',
    run: async () => {
      const bus = await fakeBus(clock);
      const source = await sequence(bus, 'planner', 'reviewer');
      const [first] = source.tokens;
      const call = createAuthenticatedFetch({ source, origins: [busUrl], fetch: bus.fetch, clock });
      bus.mishaps.push(refusing('invalid_token'));
      equal(await (await call(whoami)).text(), '{"agent":"reviewer"}', 'answer');
      equal(source.refused.length, 2, 'tokens asked for');
      equal(source.refused[1], first, 'refused token');
      bus.mishaps.push(refusing('invalid_token'));
      equal((await call(whoami)).status, 401, 'status where there is no other token');
      equal(bus.arrived.length, 3, 'requests');
    },
  },
  {
    name: 'createAuthenticatedFetch() tries one other token, and returns the second refusal',
    run: async () => {
      const bus = await fakeBus(clock);
      const source = await sequence(bus, 'planner', 'reviewer', 'worker');
      const call = createAuthenticatedFetch({ source, origins: [busUrl], fetch: bus.fetch, clock });
      const refusal = refusing('invalid_token');
      bus.mishaps.push(refusal, refusal, refusal);
      equal((await call(whoami)).status, 401, 'status');
      equal(bus.arrived.length, 2, 'requests');
    },
  },
  {
    name: 'createAuthenticatedFetch() returns any other refusal as it is',
    run: async () => {
      const { bus, call } = await setup();
      for (const error of ['insufficient_scope', 'invalid_dpop_proof', 'invalid_request']) {
        bus.mishaps.push(refusing(error));
        equal((await call(whoami)).status, 401, 'status');
      }
      bus.mishaps.push(() => new Response(null, { status: 503 }));
      equal((await call(whoami)).status, 503, 'status');
      equal(bus.arrived.length, 4, 'requests');
    },
  },
  {
    name: 'createAuthenticatedFetch() returns a redirect, and does not follow it',
    run: async () => {
      const { bus, call } = await setup();
      const headers = { location: 'https://evil.example/' };
      bus.mishaps.push(() => new Response(null, { status: 307, headers }));
      const response = await call(whoami);
      equal(response.status, 307, 'status');
      equal(bus.arrived.length, 1, 'requests');
    },
  },
  {
    name: 'createAuthenticatedFetch() rejects a redirect that the runtime hides',
    run: async () => {
      const { bus, call } = await setup();
      const hidden = new Proxy(new Response(null), {
        get: (response, name) =>
          name === 'type' ? 'opaqueredirect' : (Reflect.get(response, name, response) as unknown),
      });
      bus.mishaps.push(() => hidden);
      await rejectsWithCode(call(whoami), 'upstream_invalid');
    },
  },
  {
    name: 'createAuthenticatedFetch() asks its source under the signal of the request',
    run: async () => {
      const signals: unknown[] = [];
      const { bus } = await setup();
      const inner = await bus.sourceOf('planner');
      const source = {
        token: (request: { readonly signal?: AbortSignal | undefined } = {}) => {
          signals.push(request.signal);
          return inner.token();
        },
      };
      const call = createAuthenticatedFetch({ source, origins: [busUrl], fetch: bus.fetch, clock });
      const { signal } = new AbortController();
      await call(whoami, { signal });
      equal(signals[0], signal, 'signal');
    },
  },
  {
    name: 'createAuthenticatedFetch() refuses what a source gives that is no token',
    run: async () => {
      const { bus } = await setup();
      const good = await (await bus.sourceOf('planner')).token();
      const bad: readonly unknown[] = [
        { ...good, token: 'a\r\nx: b' },
        { ...good, token: '' },
        { ...good, scheme: 'Basic' },
        { ...good, key: undefined },
      ];
      for (const access of bad) {
        const source = { token: async () => access as AccessToken };
        const call = createAuthenticatedFetch({ source, origins: [busUrl], fetch: bus.fetch });
        await refusesCaller(() => call(whoami), '"source"');
      }
      equal(bus.arrived.length, 0, 'requests');
    },
  },
  ...badCalls.map(([what, input, init, words]) => ({
    name: `createAuthenticatedFetch() refuses ${what}`,
    run: async () => {
      const asked: unknown[] = [];
      const source = {
        token: async (): Promise<AccessToken> => {
          asked.push(true);
          throw new Error('Nobody may ask');
        },
      };
      const { bus, call } = await setup({ source });
      await refusesCaller(() => call(input, init), words);
      equal(asked.length + bus.arrived.length, 0, 'requests');
    },
  })),
  ...badOptions.map(([changes, words]) => ({
    name: `createAuthenticatedFetch() refuses the options ${JSON.stringify(changes)}`,
    run: async () => {
      const options = { source: { token: () => {} }, origins: [busUrl], ...changes } as unknown;
      await refusesCaller(
        () => createAuthenticatedFetch(options as AuthenticatedFetchOptions),
        words,
      );
    },
  })),
];

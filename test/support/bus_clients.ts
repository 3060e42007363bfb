// Bus clients of a running test gateway, by its public name, whatever port it listens on

import {
  createBusClient,
  importSigningKey,
  type AccessToken,
  type AccessTokenSource,
  type BusClient,
  type BusClientOptions,
  type BusSocketClass,
  type ClientFetch,
} from '../../src/index.ts';
import { publicUrl, type RunningGateway } from './gateway.ts';
import { boundTo, makeKey, mintToken } from './tokens.ts';

/** HTTP to a port, by the public name. */
export const wire =
  (to: string): ClientFetch =>
  (input, init) => {
    if (typeof input !== 'string') throw new Error('Not sent here');
    return fetch(input.replace(publicUrl, to), init);
  };

/** A class of sockets to a port, by the public name, that remembers what it opened. */
export function socketWire(to: string): BusSocketClass & { readonly opened: WebSocket[] } {
  const opened: WebSocket[] = [];
  return class extends WebSocket {
    static readonly opened = opened;

    constructor(url: string, protocols: string[]) {
      super(url.replace(publicUrl.replace('http', 'ws'), to.replace('http', 'ws')), protocols);
      opened.push(this);
    }
  };
}

let agents = 0;

/** An agent id that no other test of the file uses. */
export const newAgent = (name: string): string => `${name}-${++agents}`;

/** How a token is made. */
export interface TokenSetup {
  readonly bound?: boolean;
  readonly scope?: string;
  /** Seconds. */
  readonly lifetime?: number;
}

/** Makes tokens for one agent, all with the same key. */
export async function minter(
  { key, issuer }: RunningGateway,
  agent: string,
  { bound = true, scope = 'bus:publish bus:receive', lifetime = 900 }: TokenSetup = {},
): Promise<() => Promise<AccessToken>> {
  const own = await makeKey();
  const signing = await importSigningKey(await crypto.subtle.exportKey('jwk', own.privateKey));
  return async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { ...(bound ? boundTo(own) : {}), iat: now, exp: now + lifetime };
    const token = await mintToken(key, issuer, agent, scope, { claims });
    const expiresAt = now + lifetime;
    return bound
      ? { token, scheme: 'DPoP', key: signing, expiresAt }
      : { token, scheme: 'Bearer', expiresAt };
  };
}

/** A source of one token. */
export async function sourceOf(
  gateway: RunningGateway,
  agent: string,
  setup?: TokenSetup,
): Promise<AccessTokenSource> {
  const access = await (await minter(gateway, agent, setup))();
  return { token: async () => access };
}

/** A client, over a socket unless the options say otherwise. */
export async function busClient(
  gateway: RunningGateway,
  agent: string,
  options: Partial<BusClientOptions> & TokenSetup = {},
): Promise<BusClient> {
  const { bound, scope, lifetime, ...rest } = options;
  const setup = Object.fromEntries(
    Object.entries({ bound, scope, lifetime }).filter(([, value]) => value !== undefined),
  );
  return createBusClient({
    url: publicUrl,
    source: rest.source ?? (await sourceOf(gateway, agent, setup)),
    fetch: wire(gateway.url),
    WebSocket: socketWire(gateway.url),
    transport: 'socket',
    retryDelay: 0.01,
    ...rest,
  });
}

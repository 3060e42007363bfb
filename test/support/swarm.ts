// A swarm of agents on one running gateway: who sends, who receives, and what they see

import { expect } from 'vitest';
import { makeEnvelope, type EnvelopeOptions } from './envelopes.ts';
import type { RunningGateway } from './gateway.ts';
import { call, codeOf, type Answer } from './http.ts';
import { mintToken, type TokenOverrides } from './tokens.ts';

/** An agent that no other test knows, with a token that receives. */
export interface Agent {
  readonly id: string;
  readonly token: string;
}

/** A message as a receiver sees it. */
export interface Delivered {
  readonly lease_until: number;
  readonly sender: string;
  readonly via: readonly string[];
  readonly message: Readonly<Record<string, unknown>> & { readonly id: string };
}

/** What tests do with a gateway. Without a token the agent `planner` acts, who may do everything. */
export interface Swarm {
  readonly planner: string;
  readonly mint: (id: string, scope: string, overrides?: TokenOverrides) => Promise<string>;
  readonly agent: () => Promise<Agent>;
  readonly post: (
    body: string | Uint8Array<ArrayBuffer>,
    token?: string,
    origin?: string,
  ) => Promise<Answer>;
  readonly send: (options: EnvelopeOptions, token?: string) => Promise<Answer>;
  /** Sends an envelope that must be accepted, and answers its id. */
  readonly sent: (options: EnvelopeOptions, origin?: string) => Promise<string>;
  readonly get: (token: string, query?: string, origin?: string) => Promise<Answer>;
  readonly receive: (
    token: string,
    query?: string,
    origin?: string,
  ) => Promise<readonly Delivered[]>;
  readonly acknowledge: (token: string, id: string, query?: string) => Promise<Answer>;
  readonly status: (token: string, query?: string) => Promise<unknown>;
  /** How many messages a mailbox holds, leased or not. */
  readonly depthOf: (id: string) => Promise<number>;
  /** Passes a second by the gateway's own clock: a wait for a message that nobody sends. */
  readonly oneSecond: () => Promise<void>;
}

const everything = 'bus:publish bus:receive bus:broadcast bus:veto bus:status';

export const idsOf = (messages: readonly Delivered[]): string[] =>
  messages.map(({ message }) => message.id);

export async function createSwarm({ url, issuer, key }: RunningGateway): Promise<Swarm> {
  const planner = await mintToken(key, issuer, 'planner', everything);
  let agents = 0;
  const swarm: Swarm = {
    planner,

    mint: (id, scope, overrides) => mintToken(key, issuer, id, scope, overrides),

    async agent() {
      const id = `agent-${++agents}`;
      return { id, token: await swarm.mint(id, 'bus:receive') };
    },

    post: (body, token = planner, origin = url) =>
      call(`${origin}/bus/messages`, { method: 'POST', token, body }),

    send: async (options, token) => swarm.post((await makeEnvelope(options)).text, token),

    async sent(options, origin) {
      const { id, text } = await makeEnvelope(options);
      expect(codeOf(await swarm.post(text, planner, origin))).toBe('202');
      return id;
    },

    get: (token, query = '', origin = url) => call(`${origin}/bus/messages${query}`, { token }),

    async receive(token, query, origin) {
      const answer = await swarm.get(token, query, origin);
      expect(codeOf(answer)).toBe('200');
      return (JSON.parse(answer.text) as { messages: Delivered[] }).messages;
    },

    acknowledge: (token, id, query = '') =>
      call(`${url}/bus/messages/${id}${query}`, { method: 'DELETE', token }),

    async status(token, query = '') {
      return JSON.parse((await call(`${url}/bus/status${query}`, { token })).text) as unknown;
    },

    async depthOf(id) {
      const depth = (await swarm.status(planner, `?agent=${id}`)) as Record<string, number>;
      return Number(depth['queued']) + Number(depth['leased']);
    },

    async oneSecond() {
      expect(await swarm.receive((await swarm.agent()).token, '?wait=1')).toEqual([]);
    },
  };
  return swarm;
}

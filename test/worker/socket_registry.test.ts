// Which token a socket is judged by: the one that it has, not one that it had when a question was asked

import { expect, test } from 'vitest';
import { TokenError, type VerifiedAgent } from '../../src/verify/index.ts';
import { createSocketRegistry, type RegistryOptions } from '../../worker/bus/socket/registry.ts';
import type { SocketState } from '../../worker/bus/socket/state.ts';

const agent = { agentId: 'planner' } as VerifiedAgent;

/** A registry of one socket; `inspect` judges its tokens by their text. */
function open(inspect: (token: string) => Promise<VerifiedAgent>) {
  const closes: unknown[] = [];
  let state = {
    id: 's',
    connection: 'first',
    mailbox: 'planner',
    token: 'old',
    expiresAt: Infinity,
  } as SocketState;
  const socket = {
    readyState: 1,
    deserializeAttachment: () => state,
    close: (code: number) => closes.push(code),
  } as unknown as WebSocket;
  const stub = { unregister: async () => undefined };
  const registry = createSocketRegistry({
    ctx: { getWebSockets: () => [socket], waitUntil: () => undefined },
    env: { CONNECTIONS: { getByName: () => stub } },
    host: async () => ({ inspect: ({ token }: SocketState) => inspect(token) }),
    onEnd: () => undefined,
  } as unknown as RegistryOptions);
  const renew = (): void => {
    state = { ...state, connection: 'second', token: 'new' };
  };
  return { registry, closes, renew };
}

test('a socket whose old token is found revoked while it is renewed stays, by its new one', async () => {
  const asked: string[] = [];
  const { registry, closes, renew } = open(async (token) => {
    asked.push(token);
    if (token === 'new') return agent;
    renew();
    throw new TokenError('token_revoked');
  });
  const [first] = registry.open();
  if (first === undefined) throw new Error('There is no socket');
  expect(await registry.agentOf(first)).toBe(agent);
  expect(asked).toEqual(['old', 'new']);
  expect(closes).toEqual([]);
});

test('a socket whose new token is revoked too ends', async () => {
  const { registry, closes, renew } = open(async () => {
    renew();
    throw new TokenError('token_revoked');
  });
  await registry.recheck();
  expect(closes).toEqual([4403]);
});

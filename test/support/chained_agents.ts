// Agents who hire each other off line: fresh ones for each test, and the sockets of their chains

import { boundToken, registerAgent, type AgentPolicy, type RunningAuthority } from './authority.ts';
import { delegate, type Chain } from './hops.ts';
import { openBound, type TestSocket } from './sockets.ts';
import type { TestKey } from './tokens.ts';

/** A registered agent, and its key. */
export interface ChainedAgent {
  readonly id: string;
  readonly key: TestKey;
}

/** What hops grant unless a test says otherwise. */
export const chainScope = 'bus:publish bus:receive';

let names = 0;

/** Registers an agent that no other test knows. */
export async function chainedAgent(
  world: RunningAuthority,
  policy: AgentPolicy = {},
): Promise<ChainedAgent> {
  const id = `chained-${++names}`;
  const scope = [...chainScope.split(' '), 'bus:represent'];
  return { id, key: await registerAgent(world, id, { scope, dlg_max: 3, ...policy }) };
}

/** An agent's own token: a chain without hops. */
export async function rootOf({ url }: RunningAuthority, { id, key }: ChainedAgent): Promise<Chain> {
  return { token: await boundToken(url, key, id), hops: [], key };
}

/** Adds a hop for each of some agents, each ending five seconds before the one above it. */
export async function below(
  chain: Chain,
  agents: readonly ChainedAgent[],
  { scope = chainScope, lifetime = 300 } = {},
): Promise<Chain> {
  let made = chain;
  let left = lifetime;
  for (const { id, key } of agents) {
    const claims = { exp: Math.floor(Date.now() / 1000) + left };
    made = await delegate(made, { to: id, key, scope, claims });
    left -= 5;
  }
  return made;
}

/** Opens the socket of a chain's presenter. */
export function openChain(
  { url }: RunningAuthority,
  { key, token, hops }: Chain,
): Promise<TestSocket> {
  return openBound(url, key, token, hops);
}

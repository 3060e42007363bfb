// Changes of agents over the objects that hold them: the agent's own, the directory, the revocation log.

import type { Directory } from '../../directory.ts';
import { agentsStub } from './agent_directory.ts';
import { untilLifted } from '../../../src/verify/index.ts';
import type { Agent } from '../agent/agent.ts';
import { factsOf } from './facts.ts';
import { lastAcceptance, longestLife, type RevocationRequest } from '../revoke/revocations.ts';
import type { AgentKey, Change, MaybeKey, Policy, Registration } from '../agent/registration.ts';

/** What changes of agents work with. */
export interface AgentParts {
  readonly agents: DurableObjectNamespace<Agent>;
  readonly directory: DurableObjectNamespace<Directory>;
  /** Records a revocation, durably before it resolves; the same again changes nothing. */
  readonly revoke: (
    request: Pick<RevocationRequest, 'kind' | 'value' | 'before' | 'expiresAt'>,
  ) => Promise<unknown>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An agent to register. */
export interface AgentRequest {
  readonly id: string;
  readonly policy: Policy;
  readonly key: MaybeKey;
}

const seconds = ({ now }: AgentParts): number => Math.floor(now() / 1000);

/** How far the clock of an isolate may be ahead that issues at this moment. */
const clockLead = 60;

/** Until when a record must stand that covers everything issued so far. */
export const untilAllExpired = (parts: AgentParts): number =>
  lastAcceptance(seconds(parts) + clockLead + longestLife);

/**
 * Lifts the revocation of an agent, and revokes what was issued to it so far.
 *
 * @returns the time up to which tokens are revoked
 */
export async function liftAgent(parts: AgentParts, id: string): Promise<number> {
  const now = seconds(parts);
  // In this order: between the two, old tokens are revoked twice and not once too little
  await parts.revoke({ kind: 'before', value: id, before: now, expiresAt: untilAllExpired(parts) });
  await parts.revoke({ kind: 'agent', value: id, expiresAt: now - 1 });
  return now;
}

/** What an earlier agent of this id left behind is lifted before a new one comes. */
export async function liftRemoved(parts: AgentParts, id: string): Promise<number | undefined> {
  const removed = await parts.agents.getByName(id).isRemoved();
  return removed ? liftAgent(parts, id) : undefined;
}

/** Registers an agent. */
export async function createAgent(
  parts: AgentParts,
  { id, policy, key }: AgentRequest,
): Promise<Registration | 'agent_exists' | 'key_taken'> {
  const agent = parts.agents.getByName(id);
  if ((await agent.registration()) !== null) return 'agent_exists';
  const directory = agentsStub(parts.directory);
  const begun = await directory.begin(id, key.jkt);
  if (begun.kind === 'key_taken') return 'key_taken';
  const notBefore = await liftRemoved(parts, id);
  const { created, registration } = await agent.register(id, policy, key, notBefore);
  await directory.settle(id, factsOf(registration), begun.stamp);
  return created ? registration : 'agent_exists';
}

/**
 * Changes an agent; what is narrowed holds for tokens from now on. Disabling revokes all of its
 * tokens; enabling it again leaves those revoked that were issued before.
 */
export async function changeAgent(
  parts: AgentParts,
  id: string,
  change: Change,
): Promise<Registration | null> {
  const agent = parts.agents.getByName(id);
  const found = await agent.registration();
  if (found === null) return null;
  const directory = agentsStub(parts.directory);
  const begun = await directory.begin(id, undefined);
  if (begun.kind !== 'begun') return null;
  const lifts = change.disabled === false && found.disabled;
  const notBefore = lifts ? await liftAgent(parts, id) : undefined;
  const changed = await agent.change(notBefore === undefined ? change : { ...change, notBefore });
  if (change.disabled === true) {
    await parts.revoke({ kind: 'agent', value: id, expiresAt: untilLifted });
  }
  await directory.settle(id, factsOf(changed), begun.stamp);
  return changed;
}

/** Removes an agent and revokes all of its tokens; `false`: there is none. */
export async function removeAgent(parts: AgentParts, id: string): Promise<boolean> {
  const agent = parts.agents.getByName(id);
  const found = await agent.registration();
  if (found === null) return false;
  const directory = agentsStub(parts.directory);
  const begun = await directory.begin(id, undefined);
  if (begun.kind !== 'begun') return false;
  await agent.disable();
  // What stands until it is lifted would outlive the memory that it was removed
  if (found.disabled) await liftAgent(parts, id);
  const until = untilAllExpired(parts);
  await parts.revoke({ kind: 'agent', value: id, expiresAt: until });
  await agent.remove(until);
  await directory.settle(id, undefined, begun.stamp);
  return true;
}

/** What came of changing a key. */
export type KeyChange = Registration | 'key_taken' | 'key_changed' | 'rate_limited';

/**
 * Changes an agent's key from one to another, and revokes the tokens that are bound to the old one.
 * Again with the same two keys, it finishes what an earlier call began.
 */
export async function changeKey(
  parts: AgentParts,
  id: string,
  from: string,
  key: AgentKey,
): Promise<KeyChange> {
  const agent = parts.agents.getByName(id);
  const found = await agent.registration();
  const again = found?.jkt === key.jkt;
  if (found === null || found.disabled || (found.jkt !== from && !again)) return 'key_changed';
  const directory = agentsStub(parts.directory);
  const begun = await directory.begin(id, key.jkt);
  if (begun.kind === 'key_taken') return 'key_taken';
  const until = untilAllExpired(parts);
  const kept = await directory.retire(id, from, until);
  const changed = !kept ? null : again ? found : await agent.changeKey(from, key);
  if (changed !== null) await parts.revoke({ kind: 'jkt', value: from, expiresAt: until });
  await directory.settle(id, factsOf(changed ?? (await agent.registration())), begun.stamp);
  if (!kept) return 'rate_limited';
  return changed ?? 'key_changed';
}

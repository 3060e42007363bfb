// The first operator: OPERATOR_JWK registers it, once for each key, when somebody first asks for it.

import { logError } from '../../observe/log.ts';
import { agentsStub } from './agent_directory.ts';
import { readAgentKey } from './agent_key.ts';
import { liftAgent, untilAllExpired, type AgentParts } from './agents.ts';
import { factsOf } from './facts.ts';
import type { AgentKey, Policy, Registration } from '../agent/registration.ts';
import { operatorId } from './reserved_ids.ts';

/** What finding registrations works with. */
export interface FindParts extends AgentParts {
  /** The configured public key. */
  readonly operatorJwk: object | undefined;
  readonly tiers: readonly string[];
}

function policyOf(tiers: readonly string[]): Policy {
  return {
    tier: tiers.at(-1) ?? '',
    scope: ['admin:read', 'admin:write'],
    dpop: 'required',
    dlgMax: undefined,
  };
}

/** Registers the key, lifting what was revoked of an earlier operator's, and revoking its tokens. */
async function registerKey(
  parts: FindParts,
  key: AgentKey,
  found: Registration | null,
): Promise<Registration | null> {
  const directory = agentsStub(parts.directory);
  const begun = await directory.begin(operatorId, key.jkt);
  if (begun.kind === 'key_taken') {
    logError('operator_refused', { variable: 'OPERATOR_JWK', fault: 'is the key of an agent' });
    return found;
  }
  const notBefore = found === null ? undefined : await liftAgent(parts, operatorId);
  if (found?.jkt !== undefined && found.jkt !== key.jkt) {
    const until = untilAllExpired(parts);
    await directory.retire(operatorId, found.jkt, until);
    await parts.revoke({ kind: 'jkt', value: found.jkt, expiresAt: until });
  }
  const stub = parts.agents.getByName(operatorId);
  const policy = policyOf(parts.tiers);
  const registered = await stub.registerOperator(operatorId, policy, key, notBefore);
  await directory.settle(operatorId, factsOf(registered), begun.stamp);
  return registered;
}

/**
 * The registration of a client id, or `null`. For the operator's id it makes sure first that the
 * configured key was registered: disabled since, it stays so until the variable names another key.
 *
 * Writes nothing for an unknown id. Answers come from objects: callers cache them.
 */
export async function findRegistration(parts: FindParts, id: string): Promise<Registration | null> {
  const stub = parts.agents.getByName(id);
  if (id !== operatorId || parts.operatorJwk === undefined) return stub.registration();
  const key = await readAgentKey(parts.operatorJwk);
  if (typeof key === 'string') {
    logError('operator_refused', { variable: 'OPERATOR_JWK', fault: 'is not a usable public key' });
    return stub.registration();
  }
  const found = await stub.registration();
  if (await stub.knowsOperatorKey(key.jkt)) return found;
  return registerKey(parts, key, found);
}

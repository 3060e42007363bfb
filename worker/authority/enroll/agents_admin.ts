// /admin/agents: operators register, list, change and remove agents.

import { json } from '../../respond.ts';
import type { Prepared, Target } from '../../target.ts';
import { agentsStub } from './agent_directory.ts';
import { agentBodies } from './agent_bodies.ts';
import { readAgentKey } from './agent_key.ts';
import { changeAgent, createAgent, removeAgent, type AgentParts } from './agents.ts';
import { scopesToGrant } from './grants.ts';
import { maxBodyBytes, readJson } from '../http/json_body.ts';
import { readList } from '../http/list_query.ts';
import { idFromPath } from './path_ids.ts';
import { refuse, type RefusalCode } from '../http/refusal.ts';
import { describeAgent, type MaybeKey } from '../agent/registration.ts';
import { bridgeId, isReserved, operatorId } from './reserved_ids.ts';
import type { Summary } from './roster_store.ts';

const keyless: MaybeKey = { jwk: undefined, jkt: undefined };

/** A refusal, for whoever may use the route at all. */
export const refused = (scope: string, code: RefusalCode): Prepared => ({
  required: [scope],
  run: async () => refuse(code),
});

const describeSummary = ({ id, tier, disabled, seenAt, createdAt }: Summary): object => ({
  id,
  tier,
  disabled,
  created_at: createdAt,
  ...(seenAt === undefined ? {} : { last_seen: seenAt }),
});

/** POST /admin/agents */
export function createTarget(parts: AgentParts, tiers: readonly string[]): Target {
  const entries = agentBodies(tiers).agent;
  return {
    async read({ readBody }) {
      const body = readJson(await readBody(maxBodyBytes), entries);
      if (!body.ok) return refused('admin:write', body.code);
      const { id, tier, scope, jwk, dpop } = body.value;
      const { dlg_max: dlgMax, may_act_for: mayActFor = [] } = body.value;
      const isBridge = id === bridgeId && jwk !== undefined && dpop === 'required';
      if (isReserved(id) && !isBridge) return refused('admin:write', 'agent_reserved');
      const key = jwk === undefined ? keyless : await readAgentKey(jwk);
      if (typeof key === 'string') return refused('admin:write', key);
      return {
        required: ['admin:write', ...scopesToGrant(scope)],
        about: id,
        async run() {
          const policy = { tier, scope, dpop, dlgMax, mayActFor };
          const made = await createAgent(parts, { id, policy, key });
          return typeof made === 'string' ? refuse(made) : json(describeAgent(made), 201);
        },
      };
    },
  };
}

/** GET /admin/agents */
export function listTarget(parts: AgentParts): Target {
  return {
    read({ query }) {
      const list = readList(query, /^[A-Za-z0-9._:@/-]{0,128}$/);
      if (list === undefined) return refused('admin:read', 'parameter_malformed');
      const { after, limit, prefix } = list;
      return {
        required: ['admin:read'],
        async run() {
          const directory = agentsStub(parts.directory);
          const found = await directory.agents({ after, prefix, limit: limit + 1 });
          const page = found.slice(0, limit);
          const next = found.length > limit ? page.at(-1)?.id : undefined;
          return json({
            agents: page.map(describeSummary),
            ...(next === undefined ? {} : { next }),
          });
        },
      };
    },
  };
}

/** GET /admin/agents/{id} */
export function showTarget(parts: AgentParts): Target {
  return {
    read({ params }) {
      const id = idFromPath(params['id']);
      if (id === undefined) return refused('admin:read', 'agent_unknown');
      return {
        required: ['admin:read'],
        async run() {
          const found = await parts.agents.getByName(id).registration();
          return found === null ? refuse('agent_unknown') : json(describeAgent(found));
        },
      };
    },
  };
}

/** PATCH /admin/agents/{id} */
export function changeTarget(parts: AgentParts, tiers: readonly string[]): Target {
  const entries = agentBodies(tiers).change;
  return {
    async read({ params, readBody }) {
      const body = readJson(await readBody(maxBodyBytes), entries);
      if (!body.ok) return refused('admin:write', body.code);
      const id = idFromPath(params['id']);
      if (id === undefined) return refused('admin:write', 'agent_unknown');
      const { dlg_max: dlgMax, may_act_for: mayActFor, ...rest } = body.value;
      const change = { ...rest, dlgMax, mayActFor };
      // Only the configuration brings the first operator back, and with another key
      const returns = id === operatorId && change.disabled === false;
      if (returns || (id === bridgeId && change.dpop === 'optional')) {
        return refused('admin:write', 'agent_reserved');
      }
      const found = await parts.agents.getByName(id).registration();
      if (found === null) return refused('admin:write', 'agent_unknown');
      const enables = change.disabled === false && found.disabled;
      const granted = scopesToGrant(change.scope ?? (enables ? found.scope : []), [
        ...(found.disabled ? [] : found.scope),
      ]);
      return {
        required: ['admin:write', ...granted],
        async run() {
          const changed = await changeAgent(parts, id, change);
          return changed === null ? refuse('agent_unknown') : json(describeAgent(changed));
        },
      };
    },
  };
}

/** DELETE /admin/agents/{id} */
export function removeTarget(parts: AgentParts): Target {
  return {
    read({ params }) {
      const id = idFromPath(params['id']);
      if (id === undefined) return refused('admin:write', 'agent_unknown');
      if (isReserved(id) && id !== bridgeId) return refused('admin:write', 'agent_reserved');
      return {
        required: ['admin:write'],
        async run() {
          const removed = await removeAgent(parts, id);
          return removed ? new Response(null, { status: 204 }) : refuse('agent_unknown');
        },
      };
    },
  };
}

/** GET /admin/agents/{id}/sessions */
export function sessionsTarget(parts: AgentParts): Target {
  return {
    read({ params, query }) {
      const list = readList(query, /^$/);
      if (list === undefined) return refused('admin:read', 'parameter_malformed');
      const id = idFromPath(params['id']);
      if (id === undefined) return refused('admin:read', 'agent_unknown');
      const { after, limit } = list;
      return {
        required: ['admin:read'],
        async run() {
          const agent = parts.agents.getByName(id);
          if ((await agent.registration()) === null) return refuse('agent_unknown');
          const found = await agent.sessions(after, limit + 1);
          const page = found.slice(0, limit);
          const next = found.length > limit ? page.at(-1)?.sid : undefined;
          return json({
            sessions: page.map(({ sid, createdAt, expiresAt, jkt }) => ({
              sid,
              created_at: createdAt,
              expires_at: expiresAt,
              jkt,
            })),
            ...(next === undefined ? {} : { next }),
          });
        },
      };
    },
  };
}

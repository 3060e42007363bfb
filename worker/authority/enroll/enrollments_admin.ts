// /admin/enrollments: operators make one-time codes for agents, list them, and take them back.

import { agentsStub } from './agent_directory.ts';
import { json } from '../../respond.ts';
import type { Target } from '../../target.ts';
import { agentBodies } from './agent_bodies.ts';
import type { AgentParts } from './agents.ts';
import { refused } from './agents_admin.ts';
import { hashCode, makeCode } from './enrollment_code.ts';
import { maxTries, type Enrollment } from './enrollment_store.ts';
import { scopesToGrant } from './grants.ts';
import { maxBodyBytes, readJson } from '../http/json_body.ts';
import { readList } from '../http/list_query.ts';
import { refuse } from '../http/refusal.ts';
import { isReserved } from './reserved_ids.ts';

function stateOf({ usedBy, tries }: Enrollment): 'open' | 'used' | 'killed' {
  if (usedBy !== undefined) return 'used';
  return tries >= maxTries ? 'killed' : 'open';
}

function describe(enrollment: Enrollment): object {
  const { id, agentId, policy, createdBy, expiresAt, tries } = enrollment;
  return {
    id,
    agent_id: agentId,
    tier: policy.tier,
    scope: policy.scope,
    dpop: policy.dpop,
    created_by: createdBy,
    expires_at: expiresAt,
    tries,
    state: stateOf(enrollment),
  };
}

/** POST /admin/enrollments */
export function createEnrollmentTarget(parts: AgentParts, tiers: readonly string[]): Target {
  const entries = agentBodies(tiers).enrollment;
  return {
    async read({ agent, readBody }) {
      const body = readJson(await readBody(maxBodyBytes), entries);
      if (!body.ok) return refused('admin:write', body.code);
      const { id: agentId, tier, scope, dpop, expires_in: lifetime } = body.value;
      if (isReserved(agentId)) return refused('admin:write', 'agent_reserved');
      return {
        required: ['admin:write', ...scopesToGrant(scope)],
        about: agentId,
        async run() {
          // An agent without a key gets its first one by a code
          const found = await parts.agents.getByName(agentId).registration();
          if (found !== null && found.jkt !== undefined) return refuse('agent_exists');
          const { id, code } = makeCode();
          const expiresAt = Math.floor(parts.now() / 1000) + lifetime;
          await agentsStub(parts.directory).addEnrollment({
            id,
            codeHash: await hashCode(code),
            agentId,
            policy: { tier, scope, dpop, dlgMax: undefined },
            createdBy: agent.agentId,
            expiresAt,
          });
          return json({ code, expires_at: expiresAt }, 201);
        },
      };
    },
  };
}

/** GET /admin/enrollments */
export function listEnrollmentsTarget(parts: AgentParts): Target {
  return {
    read({ query }) {
      const list = readList(query, /^$/);
      if (list === undefined) return refused('admin:read', 'parameter_malformed');
      const { after, limit } = list;
      return {
        required: ['admin:read'],
        async run() {
          const found = await agentsStub(parts.directory).enrollments(after, limit + 1);
          const page = found.slice(0, limit);
          const next = found.length > limit ? page.at(-1)?.id : undefined;
          return json({
            enrollments: page.map(describe),
            ...(next === undefined ? {} : { next }),
          });
        },
      };
    },
  };
}

/** DELETE /admin/enrollments/{id} */
export function removeEnrollmentTarget(parts: AgentParts): Target {
  return {
    read({ params }) {
      const id = params['id'] ?? '';
      return {
        required: ['admin:write'],
        async run() {
          const removed = await agentsStub(parts.directory).removeEnrollment(id);
          return removed ? new Response(null, { status: 204 }) : refuse('enrollment_unknown');
        },
      };
    },
  };
}

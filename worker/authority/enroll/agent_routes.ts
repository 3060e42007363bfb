// The routes that manage agents, as rows of the authority's table.

import type { Method, Route } from '../../route.ts';
import type { Target } from '../../target.ts';
import {
  changeTarget,
  createTarget,
  listTarget,
  removeTarget,
  sessionsTarget,
  showTarget,
} from './agents_admin.ts';
import { agentParts } from './agent_parts.ts';
import type { AuthorityContext } from '../context.ts';
import { enrollHandler } from './enroll.ts';
import {
  createEnrollmentTarget,
  listEnrollmentsTarget,
  removeEnrollmentTarget,
} from './enrollments_admin.ts';
import { createLookupBudget } from '../http/lookup_budget.ts';
import { keyTarget } from './self_key.ts';

const dpop = 'always' as const;
const reads = (target: Target) => ({ scope: 'admin:read', target, dpop });
const writes = (target: Target) => ({ scope: 'admin:write', target, dpop });

/** The rows of one authority. */
export function agentRoutes(context: AuthorityContext): readonly Route[] {
  const { config, now } = context;
  const parts = agentParts(context);
  const { tiers } = parts;
  const route = (path: string, methods: Partial<Record<Method, Route['methods'][Method]>>): Route =>
    ({ path, methods }) as Route;
  return [
    route('/enroll', {
      POST: { open: enrollHandler({ ...parts, config, budget: createLookupBudget(now) }) },
    }),
    route('/agents/self/key', {
      POST: { scope: undefined, target: keyTarget(parts, config), dpop },
    }),
    route('/admin/agents', {
      GET: reads(listTarget(parts)),
      POST: writes(createTarget(parts, tiers)),
    }),
    route('/admin/agents/:id', {
      GET: reads(showTarget(parts)),
      PATCH: writes(changeTarget(parts, tiers)),
      DELETE: writes(removeTarget(parts)),
    }),
    route('/admin/agents/:id/sessions', { GET: reads(sessionsTarget(parts)) }),
    route('/admin/enrollments', {
      GET: reads(listEnrollmentsTarget(parts)),
      POST: writes(createEnrollmentTarget(parts, tiers)),
    }),
    route('/admin/enrollments/:id', { DELETE: writes(removeEnrollmentTarget(parts)) }),
  ];
}

// What the bodies of the routes that manage agents may say: the entries of their schemas.

import * as v from 'valibot';
import { isAgentId, isScope } from '../../../src/verify/index.ts';
import type { BodyForm } from '../http/json_body.ts';
import type { RefusalCode } from '../http/refusal.ts';

const say = (code: RefusalCode): RefusalCode => code;

const maxScopes = 64;
const maxScopeLength = 256;
const maxRules = 64;

const agentId = v.custom<string>(isAgentId, say('agent_id_malformed'));
const scopeName = v.custom<string>(
  (value) => isScope(value) && value.length <= maxScopeLength,
  say('scope_malformed'),
);
const scope = v.pipe(
  v.array(scopeName, say('scope_malformed')),
  v.maxLength(maxScopes, say('scope_malformed')),
  v.check((list) => new Set(list).size === list.length, say('scope_malformed')),
);
const dpop = v.picklist(['required', 'optional'], say('dpop_malformed'));
const hops = v.picklist([1, 2, 3], say('dlg_max_malformed'));
const mayActFor = v.pipe(
  v.array(agentId, say('may_act_for_malformed')),
  v.maxLength(maxRules, say('may_act_for_malformed')),
  v.check((list) => new Set(list).size === list.length, say('may_act_for_malformed')),
);
const jwk = v.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  say('key_malformed'),
);
const expiresIn = v.pipe(
  v.number(say('expires_in_malformed')),
  v.integer(say('expires_in_malformed')),
  v.minValue(60, say('expires_in_malformed')),
  v.maxValue(86_400, say('expires_in_malformed')),
);

/** Seconds that an enrolment code lives unless its request says otherwise. */
const enrollmentSeconds = 900;

function form<const Entries extends v.ObjectEntries>(entries: Entries) {
  return { names: new Set(Object.keys(entries)), schema: v.object(entries) };
}

/** POST /admin/agents */
export interface AgentBody {
  readonly id: string;
  readonly tier: string;
  readonly scope: readonly string[];
  readonly jwk?: object | undefined;
  readonly dpop: 'required' | 'optional';
  readonly dlg_max?: number | undefined;
  readonly may_act_for?: readonly string[] | undefined;
}

/** PATCH /admin/agents/{id} */
export interface ChangeBody {
  readonly disabled?: boolean | undefined;
  readonly tier?: string | undefined;
  readonly scope?: readonly string[] | undefined;
  readonly dpop?: 'required' | 'optional' | undefined;
  /** `null`: none any more. */
  readonly dlg_max?: number | null | undefined;
  /** The whole list anew; empty: nobody. */
  readonly may_act_for?: readonly string[] | undefined;
}

/** POST /admin/enrollments */
export interface EnrollmentBody {
  readonly id: string;
  readonly tier: string;
  readonly scope: readonly string[];
  readonly dpop: 'required' | 'optional';
  readonly expires_in: number;
}

/** The bodies of the operators' routes. */
export interface AgentBodies {
  readonly agent: BodyForm<AgentBody>;
  readonly change: BodyForm<ChangeBody>;
  readonly enrollment: BodyForm<EnrollmentBody>;
}

/** The bodies of a gateway with these tiers. */
export function agentBodies(tiers: readonly string[]): AgentBodies {
  const tier = v.picklist(tiers, say('tier_unknown'));
  return {
    agent: form({
      id: agentId,
      tier,
      scope,
      jwk: v.optional(jwk),
      dpop: v.optional(dpop, 'optional'),
      dlg_max: v.optional(hops),
      may_act_for: v.optional(mayActFor),
    }),
    change: form({
      disabled: v.optional(v.boolean(say('request_malformed'))),
      tier: v.optional(tier),
      scope: v.optional(scope),
      dpop: v.optional(dpop),
      dlg_max: v.optional(v.nullable(hops)),
      may_act_for: v.optional(mayActFor),
    }),
    enrollment: form({
      id: agentId,
      tier,
      scope,
      dpop: v.optional(dpop, 'optional'),
      expires_in: v.optional(expiresIn, enrollmentSeconds),
    }),
  };
}

/** POST /enroll. The longest code is far below the body's limit. */
export const enrollBody: BodyForm<{ readonly code: string; readonly jwk: object }> = form({
  code: v.string(),
  jwk,
});

/** POST /agents/self/key: the new key, and a proof by it. */
export const keyBody: BodyForm<{ readonly jwk: object; readonly proof: string }> = form({
  jwk,
  proof: v.string(),
});

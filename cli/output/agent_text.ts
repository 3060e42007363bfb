// Agents as people read them: rows of what is registered, with times relative to now

import type { Members } from './answer.ts';
import { isoTime, printable, relative, rows } from './text.ts';

/** A value of an answer on one line; `none` for one that is not there. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(' ') || 'none';
  if (typeof value === 'string' && value !== '') return printable(value);
  return typeof value === 'number' ? String(value) : 'none';
}

/** A time of an answer, relative to now. */
export function when(value: unknown, now: number): string {
  return typeof value === 'number' ? relative(value, now) : 'never';
}

/** When an agent was last seen. The authority notes the hour alone, so nothing finer is shown. */
export function lastSeen(hour: unknown, now: number): string {
  if (typeof hour !== 'number') return 'never';
  const hours = Math.floor((now - hour) / 3600);
  if (hours < 1) return 'this hour';
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} d ago`;
}

/** What is registered of an agent, as the admin routes answer it. */
export function agentText(agent: Members, now: number): string {
  const { id, tier, scope, dpop, dlg_max: hops, disabled, jkt, not_before: before } = agent;
  const rules = agent['may_act_for'];
  return rows([
    ['agent', shown(id)],
    ['state', disabled === true ? 'disabled' : 'enabled'],
    ['tier', shown(tier)],
    ['scopes', shown(scope)],
    ['tokens', dpop === 'required' ? 'bound to its key only' : 'bound to its key, or bearer'],
    ...(hops === undefined ? [] : [['delegations', `up to ${shown(hops)} in a row`] as const]),
    ...(rules === undefined ? [] : [['acts for', shown(rules)] as const]),
    ['key', jkt === undefined ? 'none yet: an enrolment code brings one' : shown(jkt)],
    ['registered', when(agent['created_at'], now)],
    ...(typeof before === 'number'
      ? [['revoked', `tokens issued up to ${isoTime(before) ?? before}`] as const]
      : []),
  ]);
}

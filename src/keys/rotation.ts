// The plan of key rotation: next → active → retiring → retired, as a pure function of the keys and the time.

/** `next` is published but does not sign yet, `active` signs, `retiring` only verifies, `retired` does nothing any more. */
export type KeyState = 'next' | 'active' | 'retiring' | 'retired';

/** One key of a ring. */
export interface RotatingKey {
  readonly kid: string;
  readonly state: KeyState;
  /** When it entered its state, seconds since the epoch. */
  readonly since: number;
}

/** How long a key stays in each state, in seconds. */
export interface RotationPolicy {
  /** How long a key signs. */
  readonly activeFor: number;
  /** How long a key is published before it signs: as long as anybody may keep a key set. */
  readonly publishFor: number;
  /** How long a key that no longer signs stays published: the longest life of a token, and tolerance. */
  readonly retireFor: number;
  /** How long a retired key is remembered, without its private part. */
  readonly keepFor: number;
}

/** One step of a plan. A key is made as `next`, or as `active` where there was none to wait for. */
export type RotationStep =
  | { readonly kind: 'make'; readonly as: 'next' | 'active' }
  | { readonly kind: 'move'; readonly kid: string; readonly to: Exclude<KeyState, 'next'> }
  | { readonly kind: 'forget'; readonly kid: string };

/** What to do now, and when to look again. */
export interface RotationPlan {
  readonly steps: readonly RotationStep[];
  /** Seconds since the epoch; after the steps have been taken. */
  readonly wakeAt: number;
}

interface Draft {
  readonly steps: RotationStep[];
  readonly keys: Map<string, RotatingKey>;
}

function move(draft: Draft, key: RotatingKey, to: Exclude<KeyState, 'next'>, now: number): void {
  draft.steps.push({ kind: 'move', kid: key.kid, to });
  draft.keys.set(key.kid, { ...key, state: to, since: now });
}

const inState = ({ keys }: Draft, state: KeyState): readonly RotatingKey[] =>
  [...keys.values()]
    .filter((key) => key.state === state)
    .toSorted((a, b) => a.since - b.since || (a.kid < b.kid ? -1 : 1));

/** Ends the states whose time has passed. */
function endStates(draft: Draft, policy: RotationPolicy, now: number): void {
  for (const key of inState(draft, 'retired')) {
    if (key.since + policy.keepFor > now) continue;
    draft.steps.push({ kind: 'forget', kid: key.kid });
    draft.keys.delete(key.kid);
  }
  for (const key of inState(draft, 'retiring')) {
    if (key.since + policy.retireFor <= now) move(draft, key, 'retired', now);
  }
}

/** Sees to it that exactly one key signs. */
function succeed(draft: Draft, policy: RotationPolicy, now: number, rotate: boolean): void {
  const [active] = inState(draft, 'active');
  const [next] = inState(draft, 'next');
  if (active === undefined) {
    // Nothing can be signed: a key that few know yet is better than none.
    if (next === undefined) draft.steps.push({ kind: 'make', as: 'active' });
    else move(draft, next, 'active', now);
    return;
  }
  const due = rotate || active.since + policy.activeFor <= now;
  if (due && next !== undefined && next.since + policy.publishFor <= now) {
    move(draft, next, 'active', now);
    move(draft, active, 'retiring', now);
  }
}

function nextLook(draft: Draft, policy: RotationPolicy, now: number, rotate: boolean): number {
  const ends: number[] = [];
  for (const { state, since } of draft.keys.values()) {
    if (state === 'retired') ends.push(since + policy.keepFor);
    if (state === 'retiring') ends.push(since + policy.retireFor);
    if (state === 'active' && !rotate) ends.push(since + policy.activeFor);
    if (state === 'next') ends.push(since + policy.publishFor);
  }
  const made = draft.steps.flatMap((step) => (step.kind === 'make' ? [step.as] : []));
  if (made.includes('next')) ends.push(now + policy.publishFor);
  if (made.includes('active')) ends.push(now + policy.activeFor);
  const ahead = ends.filter((end) => end > now);
  return ahead.length === 0 ? now + policy.activeFor : Math.min(...ahead);
}

/**
 * Plans what a key ring must do now.
 *
 * There is always a published successor; it signs only after it was published for `publishFor`;
 * the old key stays published for `retireFor`, so that no token outlives its key. Where no key is
 * active (the first start, or after a compromise) the successor signs at once.
 *
 * Makes and moves nothing itself, and has no clock.
 *
 * @param keys the keys of the ring
 * @param policy times in seconds
 * @param now seconds since the epoch
 * @param options `rotate`: an operator asks for the successor as soon as it was published long enough
 * @returns the steps, in order, and when to plan again
 * @example
 * ```ts
 * import { planRotation } from 'swarmgate/issue';
 *
 * const day = 86_400;
 * const policy = { activeFor: 30 * day, publishFor: day, retireFor: 3660, keepFor: 90 * day };
 * const { steps } = planRotation([], policy, 0);
 * if (steps.length !== 2 || steps[0]?.kind !== 'make') throw new Error('unexpected');
 * ```
 */
export function planRotation(
  keys: readonly RotatingKey[],
  policy: RotationPolicy,
  now: number,
  options: { readonly rotate?: boolean } = {},
): RotationPlan {
  const { rotate = false } = options;
  const draft: Draft = { steps: [], keys: new Map(keys.map((key) => [key.kid, key])) };
  endStates(draft, policy, now);
  succeed(draft, policy, now, rotate);
  if (inState(draft, 'next').length === 0) draft.steps.push({ kind: 'make', as: 'next' });
  return { steps: draft.steps, wakeAt: nextLook(draft, policy, now, rotate) };
}

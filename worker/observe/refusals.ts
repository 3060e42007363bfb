// Refusals of unverified requests: a few are written one by one, a flood of them is only counted.

import type { Decision } from './decision.ts';
import { summaryOf, type Draft } from './record.ts';

/** Takes over what need not be a record of its own, so that nobody can fill the log from outside. */
export interface Refusals {
  /** Whether the decision was taken over: then it is counted, and gets no record. */
  take(decision: Decision): boolean;
  /** One draft for each reason, and nothing is left. */
  drain(): readonly Draft[];
}

/** Records a second of requests that nobody answers for. */
const perSecond = 20;
const maxReasons = 500;

/** Makes the refusals of an isolate. */
export function createRefusals(now: () => number): Refusals {
  let second = -1;
  let written = 0;
  let counted = new Map<string, { readonly decision: Decision; count: number }>();

  return {
    take(decision) {
      if (decision.allowed || decision.who !== undefined) return false;
      const current = Math.floor(now() / 1000);
      if (current !== second) [second, written] = [current, 0];
      if (written < perSecond) {
        written += 1;
        return false;
      }
      const { route, method, code } = decision;
      const full = counted.size >= maxReasons;
      const reason = full ? 'other' : [route, method, code].join(' ');
      const known = counted.get(reason) ?? { decision, count: 0 };
      known.count += 1;
      counted.set(reason, known);
      return true;
    },

    drain() {
      const at = now();
      const drafts = [...counted.values()].map(({ decision, count }) =>
        summaryOf(decision, count, at),
      );
      counted = new Map();
      return drafts;
    },
  };
}

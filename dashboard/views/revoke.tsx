// Revoking from the page: the question, what it will do, and how long it took until it was known.

import { signal } from '@preact/signals';
import { admin } from '../api/admin.ts';
import type { RevocationRequest } from '../api/shapes.ts';
import { lines } from '../live/live.ts';
import { untilPublished } from '../live/effect_time.ts';
import { Confirm, type Question } from '../ui/confirm.tsx';
import { inert } from '../ui/format.ts';

const question = signal<Question | undefined>(undefined);
const outcome = signal<string | undefined>(undefined);

const effectsOf: Readonly<Record<'token' | 'session' | 'agent', readonly string[]>> = {
  token: [
    'This one token is refused everywhere within a second, and whatever was delegated from it.',
    'The agent may get another one.',
  ],
  session: [
    'All tokens of this run are refused everywhere within a second; its sockets close.',
    'The run gets no more tokens. The agent may begin another run.',
  ],
  agent: [
    'All tokens of the agent, of all runs, are refused everywhere within a second; its sockets close.',
    'Whatever it delegated to others ends too.',
    'It gets no more tokens until an operator enables it again.',
  ],
};

/** Asks whether to revoke, does it, and measures. */
export function askToRevoke(
  kind: 'token' | 'session' | 'agent',
  value: string,
  done: () => void,
): void {
  question.value = {
    title: `Revoke the ${kind} ${inert(value)}?`,
    effects: effectsOf[kind],
    verb: `Revoke the ${kind}`,
    async act() {
      const request: RevocationRequest = { kind, value, reason: 'from the dashboard' };
      const first = lines.peek().length;
      const { seq } = await admin.revoke(request);
      const began = performance.now();
      outcome.value = `Recorded as number ${seq}; waiting until it is known …`;
      const took = await untilPublished(seq, began);
      outcome.value =
        took === undefined
          ? `Recorded as number ${seq}, but the public feed does not show it yet`
          : `Revoked: record ${seq} was public ${Math.round(took)} ms after the gateway's answer${refusalsSince(first)}`;
      done();
    },
  };
}

function refusalsSince(first: number): string {
  const seen = lines
    .peek()
    .slice(first)
    .filter(({ record }) => record['code'] === 'token_revoked').length;
  return seen === 0 ? '' : `; ${seen} refused since`;
}

/** Where questions and outcomes appear. */
export function Revocations() {
  const asked = question.value;
  return (
    <>
      {outcome.value === undefined ? null : (
        <p class="notice" role="status">
          {outcome}
        </p>
      )}
      {asked === undefined ? null : (
        <Confirm question={asked} onClose={() => (question.value = undefined)} />
      )}
    </>
  );
}

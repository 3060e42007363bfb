// Revoking from the page: the question, what it will do, and how long it took to be public and to refuse somebody.

import { signal } from '@preact/signals';
import { admin } from '../api/admin.ts';
import { lines } from '../live/live.ts';
import { untilPublished } from '../live/effect_time.ts';
import { Confirm, type Question } from '../ui/confirm.tsx';
import { inert, number } from '../ui/format.ts';

type Kind = 'token' | 'session' | 'agent';

/** A revocation that was made here, and what is known of its effect so far. */
interface Revocation {
  readonly kind: Kind;
  readonly value: string;
  readonly seq: number;
  /** Milliseconds from the gateway's answer until its public feed had it; `late` when it did not come. */
  readonly published: number | 'waiting' | 'late';
}

type Entry = Readonly<Record<string, unknown>>;

const question = signal<Question | undefined>(undefined);
const made = signal<Revocation | undefined>(undefined);

const effectsOf: Readonly<Record<Kind, readonly string[]>> = {
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
export function askToRevoke(kind: Kind, value: string, done: () => void): void {
  question.value = {
    title: `Revoke the ${kind} ${inert(value)}?`,
    effects: effectsOf[kind],
    verb: `Revoke the ${kind}`,
    async act() {
      const { seq } = await admin.revoke({ kind, value, reason: 'from the dashboard' });
      const began = performance.now();
      const revocation = { kind, value, seq };
      made.value = { ...revocation, published: 'waiting' };
      const published = (await untilPublished(seq, began)) ?? 'late';
      made.value = { ...revocation, published };
      done();
    },
  };
}

/** Whether a record tells of the revocation's own request. */
const isRequest = (record: Entry): boolean =>
  record['route'] === '/admin/revocations' && record['decision'] === 'allow';

/**
 * Milliseconds, by the gateway's clocks, between the newest revocation and the first request after
 * it that was refused as revoked. Records of such requests name nobody: their token did not verify.
 */
function firstRefusal(records: readonly Entry[]): number | undefined {
  const asked = records.findLast(isRequest);
  if (asked === undefined) return undefined;
  const since = Number(asked['at']);
  const refused = records.find(
    (record) => record['code'] === 'token_revoked' && Number(record['at']) >= since,
  );
  return refused === undefined ? undefined : Math.round((Number(refused['at']) - since) * 1000);
}

function Effect({ revocation }: { readonly revocation: Revocation }) {
  const { kind, value, seq, published } = revocation;
  const what = `The ${kind} ${inert(value)} is revoked, as number ${seq}`;
  if (published === 'waiting') return <>{what}; waiting until it is public …</>;
  if (published === 'late') return <>{what}, but the public feed does not show it yet.</>;
  const refused = firstRefusal(lines.value.map(({ record }) => record));
  return (
    <>
      {what}: public {number(Math.round(published))} ms after the gateway's answer,{' '}
      {refused === undefined
        ? 'and nobody has come with a revoked token since.'
        : `the first refusal of a revoked token came ${number(refused)} ms after the request.`}
    </>
  );
}

/** Where questions and outcomes appear. */
export function Revocations() {
  const asked = question.value;
  return (
    <>
      {made.value === undefined ? null : (
        <p class="notice" role="status">
          <Effect revocation={made.value} />
        </p>
      )}
      {asked === undefined ? null : (
        <Confirm question={asked} onClose={() => (question.value = undefined)} />
      )}
    </>
  );
}

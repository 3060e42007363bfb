// All agents, found by the beginning of their id, as many as there are.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { admin } from '../api/admin.ts';
import type { AgentSummary } from '../api/shapes.ts';
import { addressOf } from '../app/route.ts';
import { inert, number } from '../ui/format.ts';
import { Seen } from '../ui/time.tsx';
import { VirtualRows } from '../ui/virtual_rows.tsx';
import { wordsOf } from '../ui/words.ts';

/** Milliseconds without a key press, after which the list is asked for. */
const pause = 150;

type ListState =
  | { readonly kind: 'asking' | 'ready' }
  | { readonly kind: 'failed'; readonly why: string };

/** The list. */
export function Agents() {
  const found = useSignal<readonly AgentSummary[]>([]);
  const next = useSignal<string | undefined>(undefined);
  const search = useSignal('');
  const state = useSignal<ListState>({ kind: 'asking' });
  const asking = useRef(new AbortController());

  async function load(after: string): Promise<void> {
    const { signal } = asking.current;
    state.value = { kind: 'asking' };
    try {
      const page = await admin.agents(search.peek(), after, signal);
      if (signal.aborted) return;
      found.value = after === '' ? page.agents : [...found.peek(), ...page.agents];
      next.value = page.next;
      state.value = { kind: 'ready' };
    } catch (error) {
      if (!signal.aborted) {
        state.value = { kind: 'failed', why: wordsOf(error, 'It failed') };
      }
    }
  }

  useEffect(() => {
    const timer = setTimeout(() => void load(''), pause);
    return () => {
      clearTimeout(timer);
      asking.current.abort();
      asking.current = new AbortController();
    };
  }, [search.value]);

  const more = (): void => {
    const after = next.peek();
    if (after === undefined || state.peek().kind === 'asking') return;
    void load(after);
  };

  return (
    <section class="sheet">
      <label>
        Find by the beginning of the id
        <input
          type="search"
          value={search}
          maxLength={128}
          spellcheck={false}
          onInput={({ currentTarget }) => (search.value = currentTarget.value)}
        />
      </label>
      <div class="row">
        <span class="quiet" role="status">
          {statusOf(state.value, found.value.length, next.value !== undefined)}
        </span>
        <button type="button" onClick={() => void load('')}>
          Look again
        </button>
      </div>
      <VirtualRows
        label="Agents"
        items={found.value}
        height={44}
        keyOf={({ id }) => id}
        row={(agent) => <AgentRow agent={agent} />}
        onEnd={more}
      />
    </section>
  );
}

function statusOf(state: ListState, count: number, isMore: boolean): string {
  if (state.kind === 'asking' && count === 0) return 'Looking …';
  if (state.kind === 'failed') return state.why;
  if (count === 0) return 'No agent has such an id';
  return `${number(count)} agent${count === 1 ? '' : 's'}${isMore ? ' so far; scroll for more' : ''}`;
}

function AgentRow({
  agent: { id, tier, disabled, last_seen: seen },
}: {
  readonly agent: AgentSummary;
}) {
  return (
    <a class="agent-row" href={addressOf('agent', id)}>
      <span class="mono">{inert(id)}</span>
      <span class="wide">{inert(tier)}</span>
      <span class={disabled ? 'bad' : 'good'}>{disabled ? 'revoked' : 'active'}</span>
      <span class="wide quiet">{seen === undefined ? 'never seen' : <Seen at={seen} />}</span>
    </a>
  );
}

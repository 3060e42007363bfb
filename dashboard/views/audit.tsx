// The audit log as it is written: filtered, followed, searched, and checked.

import { useSignal } from '@preact/signals';
import { addressOf } from '../app/route.ts';
import { CheckPanel } from '../audit/check_panel.tsx';
import { isWanted, type AuditLine, type Wanted } from '../audit/line.ts';
import { Records } from '../audit/records.tsx';
import { SearchPanel } from '../audit/search_panel.tsx';
import { lines } from '../live/live.ts';
import { inert, number } from '../ui/format.ts';

const most = 200;

/** The view; its subject is a reason to look for, such as `token_expired`. */
export function Audit({ subject: code }: { readonly subject: string }) {
  const text = useSignal('');
  const chosen = useSignal<Wanted['decision']>('all');
  const isFollowed = useSignal(true);
  const held = useSignal<readonly AuditLine[]>([]);

  const source = isFollowed.value ? lines.value : held.value;
  const wanted = { code, decision: chosen.value, text: text.value };
  const found = source.filter((line) => isWanted(line, wanted));

  return (
    <>
      <section class="sheet">
        <div class="columns">
          <label>
            Find
            <input
              type="search"
              value={text}
              spellcheck={false}
              onInput={({ currentTarget }) => (text.value = currentTarget.value)}
            />
          </label>
          <label>
            Decisions
            <select
              value={chosen}
              onChange={({ currentTarget }) =>
                (chosen.value = currentTarget.value as Wanted['decision'])
              }
            >
              <option value="all">all</option>
              <option value="allow">allowed</option>
              <option value="deny">refused</option>
            </select>
          </label>
        </div>
        <div class="row">
          <button
            type="button"
            aria-pressed={isFollowed}
            onClick={() => {
              held.value = lines.peek();
              isFollowed.value = !isFollowed.value;
            }}
          >
            {isFollowed.value ? 'Following; hold it' : 'Held; follow again'}
          </button>
          {code === '' ? null : (
            <a href={addressOf('audit')}>
              Only <span class="mono">{inert(code)}</span>: show all
            </a>
          )}
          <span class="quiet" role="status">
            {number(found.length)} of the newest {number(source.length)}
            {found.length > most ? `; the last ${most} are shown` : ''}
          </span>
        </div>
        <Records label="Newest records" shown={found.slice(-most).toReversed()} />
      </section>
      <SearchPanel wanted={wanted} />
      <CheckPanel />
    </>
  );
}

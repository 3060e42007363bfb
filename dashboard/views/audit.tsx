// The audit log as it is written: filtered, followed, and checked.

import { useSignal } from '@preact/signals';
import { CheckPanel } from '../audit/check_panel.tsx';
import { lines, type AuditLine } from '../live/live.ts';
import { addressOf } from '../app/route.ts';
import { inert, moment, number } from '../ui/format.ts';

const most = 200;

/** The view; its subject is a reason to look for, such as `token_expired`. */
export function Audit({ subject }: { readonly subject: string }) {
  const text = useSignal('');
  const only = useSignal<'all' | 'allow' | 'deny'>(subject === '' ? 'all' : 'deny');
  const isFollowed = useSignal(true);
  const held = useSignal<readonly AuditLine[]>([]);

  const source = isFollowed.value ? lines.value : held.value;
  const wanted = source.filter(
    ({ record, text: line }) =>
      record['kind'] !== 'cursor' &&
      (subject === '' || record['code'] === subject) &&
      (only.value === 'all' || record['decision'] === only.value) &&
      (text.value === '' || line.toLowerCase().includes(text.value.toLowerCase())),
  );
  const shown = wanted.slice(-most).toReversed();

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
              value={only}
              onChange={({ currentTarget }) =>
                (only.value = currentTarget.value as 'all' | 'allow' | 'deny')
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
          {subject === '' ? null : (
            <a href={addressOf('audit')}>
              Only <span class="mono">{inert(subject)}</span>: show all
            </a>
          )}
          <span class="quiet">{number(wanted.length)} since this page was opened</span>
        </div>
        <Records shown={shown} />
      </section>
      <CheckPanel />
    </>
  );
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? inert(String(value)) : '';

function Records({ shown }: { readonly shown: readonly AuditLine[] }) {
  if (shown.length === 0) return <p class="quiet">Nothing yet.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Records">
      <table>
        <thead>
          <tr>
            {['When', 'Agent', 'Action', 'Decision', 'Record'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(({ text, record }) => (
            <Row key={text} record={record} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ record }: { readonly record: AuditLine['record'] }) {
  const { kind, decision, code, agent, subject, at } = record;
  const acts = typeof subject === 'string' && subject !== agent ? ` for ${inert(subject)}` : '';
  return (
    <tr>
      <td>{typeof at === 'number' ? moment(at) : '–'}</td>
      <td class="mono">
        {typeof agent === 'string' ? <a href={addressOf('agent', agent)}>{inert(agent)}</a> : '–'}
        {acts}
      </td>
      <td>
        <span class="mono">{kind === 'record' ? textOf(record['action']) : textOf(kind)}</span>{' '}
        <span class="quiet">{textOf(record['resource'])}</span>
      </td>
      <td class={decision === 'deny' ? 'bad mono' : 'good'}>
        {decision === 'deny' ? textOf(code) : decision === 'allow' ? 'allowed' : '–'}
      </td>
      <td class="mono quiet">
        {textOf(record['shard'])}/{textOf(record['seq'])}
      </td>
    </tr>
  );
}

// What an agent did last, from the live records: its tokens, and who acts for whom.

import { lines } from '../live/live.ts';
import { addressOf } from '../app/route.ts';
import { inert } from '../ui/format.ts';
import { Ago } from '../ui/time.tsx';
import { mayWrite } from '../session/session.ts';
import { askToRevoke } from './revoke.tsx';

const most = 50;
type Entry = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** The actors of a record, newest first, as ids. */
function actorsOf(record: Entry): readonly string[] {
  const { actors } = record;
  if (!Array.isArray(actors)) return [];
  return actors.flatMap((actor: unknown) => textOf((actor as Entry)['agent']) ?? []);
}

const concerns = (record: Entry, id: string): boolean =>
  record['agent'] === id || record['subject'] === id || actorsOf(record).includes(id);

/** The chains that the agent has been part of lately, each as a path from the root on. */
function chainsOf(entries: readonly Entry[]): readonly (readonly string[])[] {
  const seen = new Map<string, readonly string[]>();
  for (const record of entries) {
    const actors = actorsOf(record);
    const subject = textOf(record['subject']);
    if (actors.length === 0 || subject === undefined) continue;
    const path = [subject, ...actors.toReversed()];
    seen.set(path.join('\n'), path);
  }
  return [...seen.values()];
}

/** The newest records of an agent. */
export function AgentActivity({ id, done }: { readonly id: string; readonly done: () => void }) {
  const entries = lines.value
    .map(({ record }) => record)
    .filter((record) => record['kind'] === 'record' && concerns(record, id));
  const newest = entries.slice(-most).toReversed();
  return (
    <>
      <Chains paths={chainsOf(entries)} />
      <section class="sheet">
        <h2>Seen since this page was opened</h2>
        {newest.length === 0 ? (
          <p class="quiet">Nothing yet.</p>
        ) : (
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">What</th>
                  <th scope="col">Decision</th>
                  <th scope="col">Token</th>
                </tr>
              </thead>
              <tbody>
                {newest.map((record) => (
                  <Row key={textOf(record['hash'])} record={record} done={done} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </>
  );
}

function Row({ record, done }: { readonly record: Entry; readonly done: () => void }) {
  const code = textOf(record['code']);
  const token = textOf(record['token']);
  const resource = textOf(record['resource']);
  return (
    <tr>
      <td>
        <Ago at={Number(record['at'])} />
      </td>
      <td>
        <span class="mono">{inert(textOf(record['action']) ?? '')}</span>
        {resource === undefined ? null : <span class="quiet"> {inert(resource)}</span>}
      </td>
      <td>
        {code === undefined ? (
          <span class="good">allowed</span>
        ) : (
          <a class="mono bad" href={addressOf('audit', code)}>
            {inert(code)}
          </a>
        )}
      </td>
      <td>
        {token === undefined ? (
          '–'
        ) : (
          <span class="row">
            <span class="mono">{inert(token.slice(0, 12))}</span>
            {mayWrite() ? (
              <button type="button" onClick={() => askToRevoke('token', token, done)}>
                Revoke
              </button>
            ) : null}
          </span>
        )}
      </td>
    </tr>
  );
}

function Chains({ paths }: { readonly paths: readonly (readonly string[])[] }) {
  if (paths.length === 0) return null;
  return (
    <section class="sheet">
      <h2>Delegation</h2>
      <ul class="effects">
        {paths.map((path) => (
          <li key={path.join('\n')}>
            {path.map((each, at) => (
              <span key={at}>
                {at === 0 ? '' : ' → '}
                <a class="mono" href={addressOf('agent', each)}>
                  {inert(each)}
                </a>
              </span>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

// What an agent did last, from the newest records: its tokens, and who acts for whom.

import { addressOf } from '../app/route.ts';
import { lines } from '../live/live.ts';
import { mayWrite } from '../session/session.ts';
import { inert } from '../ui/format.ts';
import { Ago } from '../ui/time.tsx';
import { actorsOf, DelegationTree } from './delegation_tree.tsx';
import { askToRevoke } from './revoke.tsx';

const most = 50;
type Entry = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

const concerns = (record: Entry, id: string): boolean =>
  record['agent'] === id ||
  record['subject'] === id ||
  actorsOf(record).some((actor) => actor.id === id);

/** The newest records of an agent. */
export function AgentActivity({ id, done }: { readonly id: string; readonly done: () => void }) {
  const entries = lines.value
    .map(({ record }) => record)
    .filter((record) => record['kind'] === 'record' && concerns(record, id));
  const newest = entries.slice(-most).toReversed();
  return (
    <>
      <div class="columns">
        <Tokens newest={newest.filter((record) => record['agent'] === id)} done={done} />
        <DelegationTree records={entries} />
      </div>
      <section class="sheet">
        <h2>Lately</h2>
        {newest.length === 0 ? (
          <p class="quiet">Nothing in the newest records.</p>
        ) : (
          <div class="scroll" tabIndex={0} role="region" aria-label="What it did lately">
            <table>
              <thead>
                <tr>
                  {['When', 'What', 'Decision', 'Token'].map((name) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {newest.map((record) => (
                  <Row key={textOf(record['hash'])} record={record} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </>
  );
}

const shortOf = (token: string): string =>
  inert(token.length > 13 ? `${token.slice(0, 12)}…` : token);

function Row({ record }: { readonly record: Entry }) {
  const code = textOf(record['code']);
  const token = textOf(record['token']);
  const resource = textOf(record['resource']);
  return (
    <tr>
      <td class="when">
        <Ago at={Number(record['at'])} />
      </td>
      <td>
        <span class="mono">{inert(textOf(record['action']) ?? '')}</span>
        {resource === undefined ? null : <span class="quiet"> {inert(resource)}</span>}
      </td>
      <td class="code">
        {code === undefined ? (
          <span class="good">allowed</span>
        ) : (
          <a class="mono bad" href={addressOf('audit', code)}>
            {inert(code)}
          </a>
        )}
      </td>
      <td class="mono">{token === undefined ? '–' : shortOf(token)}</td>
    </tr>
  );
}

interface TokensProps {
  /** Records of the agent's own, newest first. */
  readonly newest: readonly Entry[];
  readonly done: () => void;
}

/** Its tokens that were used lately, each once. */
function Tokens({ newest, done }: TokensProps) {
  const used = new Map<string, number>();
  for (const { token, at } of newest) {
    if (typeof token === 'string' && !used.has(token)) used.set(token, Number(at));
  }
  return (
    <section class="sheet">
      <h2>Tokens used lately</h2>
      {used.size === 0 ? (
        <p class="quiet">None in the newest records.</p>
      ) : (
        <ul class="plain">
          {[...used].map(([token, at]) => (
            <li key={token} class="row">
              <span class="mono">{inert(token)}</span>
              <span class="quiet">
                <Ago at={at} />
              </span>
              {mayWrite() ? (
                <button
                  type="button"
                  aria-label={`Revoke the token ${inert(token)}`}
                  onClick={() => askToRevoke('token', token, done)}
                >
                  Revoke
                </button>
              ) : null}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

// The swarm at a glance: who is there, what is decided and refused, where requests wait.

import { addressOf } from '../app/route.ts';
import type { Stage, Stats, Wait } from '../api/shapes.ts';
import { buckets, moments, stats, type Moment } from '../live/live.ts';
import { Chart } from '../ui/chart.tsx';
import { duration, inert, number } from '../ui/format.ts';

/** The first view. */
export function Overview() {
  const current = stats.value;
  if (current === undefined) return <p class="quiet">Waiting for the first figures …</p>;
  return (
    <>
      <Tiles stats={current} />
      <div class="columns">
        <Now />
        <Hour />
      </div>
      <div class="columns">
        <Refusals refusals={current.refusals} />
        <Waits wait={current.wait} />
      </div>
    </>
  );
}

function Tiles({
  stats: { agents_online, per_second, key, revocation_view, audit },
}: {
  readonly stats: Stats;
}) {
  const tiles: readonly (readonly [name: string, value: string, note: string])[] = [
    ['Agents on line', number(agents_online), 'in five minutes'],
    ['Decisions', number(per_second.decisions), 'a second'],
    ['Messages', number(per_second.messages), 'a second'],
    ['Signing key', key === null ? '–' : duration(key.age), key === null ? 'elsewhere' : 'old'],
    [
      'Revocation view',
      revocation_view === null ? '–' : number(revocation_view.age),
      revocation_view === null ? 'none' : 's old',
    ],
    ['Audit records', number(audit.records), audit.gaps === 0 ? 'no gap' : `${audit.gaps} gaps`],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([name, value, note]) => (
        <div key={name} class="sheet tile">
          <dt>{name}</dt>
          <dd>
            {value} <small>{note}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Minutes stand for the time before the page was opened. */
function lastMinutes(): readonly Moment[] {
  const seen = moments.value;
  const first = seen[0]?.at ?? Infinity;
  const before = buckets.value
    .map(({ at, seconds, decisions, messages }) => ({
      at: at + seconds / 2,
      decisions: decisions / seconds,
      messages: messages / seconds,
    }))
    .filter(({ at }) => at < first);
  return [...before, ...seen];
}

function Now() {
  const seen = lastMinutes();
  return (
    <section class="sheet">
      <h2>Last ten minutes</h2>
      <Chart
        unit="a second"
        span={600}
        label="Decisions and messages a second over the last ten minutes"
        times={seen.map(({ at }) => at)}
        series={[
          { name: 'decisions', colour: 1, values: seen.map(({ decisions }) => decisions) },
          { name: 'messages', colour: 2, values: seen.map(({ messages }) => messages) },
        ]}
      />
    </section>
  );
}

function Hour() {
  const seen = buckets.value;
  return (
    <section class="sheet">
      <h2>Last hour</h2>
      <Chart
        unit="a minute"
        span={3540}
        label="Allowed and refused decisions a minute over the last hour"
        times={seen.map(({ at }) => at)}
        series={[
          { name: 'allowed', colour: 1, values: seen.map(({ allowed }) => allowed) },
          { name: 'refused', colour: 3, values: seen.map(({ refused }) => refused) },
        ]}
      />
    </section>
  );
}

function Refusals({ refusals }: { readonly refusals: Stats['refusals'] }) {
  const rows = Object.entries(refusals).toSorted(([, a], [, b]) => b - a);
  return (
    <section class="sheet">
      <h2>Refusals in the last hour</h2>
      {rows.length === 0 ? (
        <p class="quiet">Nothing was refused.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col" class="number">
                Times
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([code, times]) => (
              <tr key={code}>
                <td>
                  <a class="mono" href={addressOf('audit', code)}>
                    {inert(code)}
                  </a>
                </td>
                <td class="number">{number(times)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

const stages: readonly (readonly [stage: Stage, words: string])[] = [
  ['view', 'Keys and revocation view'],
  ['admission', "Sender's admission"],
  ['upstream', 'Bus or upstream'],
  ['total', 'Altogether'],
];

function Waits({ wait }: { readonly wait: Stats['wait'] }) {
  return (
    <section class="sheet">
      <h2>Where requests wait, ms, last five minutes</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col" class="number">
              Mean
            </th>
            <th scope="col" class="number">
              Half within
            </th>
            <th scope="col" class="number">
              99 % within
            </th>
          </tr>
        </thead>
        <tbody>
          {stages.map(([stage, words]) => (
            <WaitRow key={stage} words={words} wait={wait[stage]} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function WaitRow({ words, wait }: { readonly words: string; readonly wait: Wait | undefined }) {
  const cells = wait === undefined ? ['–', '–', '–'] : [wait.mean, wait.p50, wait.p99].map(number);
  return (
    <tr>
      <th scope="row">{words}</th>
      {cells.map((cell, at) => (
        <td key={at} class="number">
          {cell}
        </td>
      ))}
    </tr>
  );
}

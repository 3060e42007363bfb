// One token's report: the verdict, the steps, the chain, the claims.

import { inert } from '../ui/format.ts';
import { ClaimsTable } from './claims_table.tsx';
import type { Report } from './report.ts';
import { Sealed } from './sealed.tsx';
import { stages, type Outcome } from './stages.ts';

const marks: Readonly<
  Record<Outcome['kind'], readonly [mark: string, look: string, word: string]>
> = {
  passed: ['✓', 'good', 'passed'],
  failed: ['✗', 'bad', 'failed'],
  not_checked: ['–', 'warn', 'not checked'],
  not_reached: ['·', 'quiet', 'not reached'],
};

/** The card. */
export function ReportCard({ report }: { readonly report: Report }) {
  const { decoded, hops, agent } = report;
  return (
    <article class="sheet" aria-label="Report">
      <Verdict report={report} />
      <ol class="steps">
        {stages.map(({ name, title, rule }) => (
          <Step key={name} title={title} rule={rule} outcome={report.steps[name]} />
        ))}
      </ol>
      <Chain report={report} />
      {decoded === undefined ? null : (
        <>
          {agent === undefined ? (
            <p class="warn">Anyone can write these words: they are not verified.</p>
          ) : null}
          <ClaimsTable title="Header" members={decoded.header} />
          <ClaimsTable title="Claims" members={decoded.claims} />
          {hops.map((hop, at) => (
            <ClaimsTable
              key={at}
              title={`Hop ${at + 1}`}
              members={{ ...hop.header, ...hop.claims }}
            />
          ))}
        </>
      )}
      {agent?.claims.sealed === undefined ? null : <Sealed agent={agent} />}
    </article>
  );
}

function Verdict({ report: { agent, steps } }: { readonly report: Report }) {
  if (agent !== undefined) {
    const acts = agent.agentId === agent.subjectId ? '' : ` acting for ${inert(agent.subjectId)}`;
    return (
      <h2 class="good">
        Valid: <span class="mono">{inert(agent.agentId)}</span>
        {acts}
      </h2>
    );
  }
  const failure = Object.values(steps).find((step) => step.kind === 'failed');
  return (
    <h2 class="bad">
      Refused: <span class="mono">{failure?.code}</span>
    </h2>
  );
}

interface StepProps {
  readonly title: string;
  readonly rule: string;
  readonly outcome: Outcome;
}

function Step({ title, rule, outcome }: StepProps) {
  const [mark, look, word] = marks[outcome.kind];
  return (
    <li>
      <span class={look} aria-hidden="true">
        {mark}
      </span>
      <span>
        <strong>{title}</strong> <span class={look}>{word}</span>
        {'why' in outcome ? <span class={look}>: {outcome.why}</span> : null}
        <br />
        <small class="quiet">{rule}</small>
      </span>
    </li>
  );
}

/** Who handed the power on to whom, root first: → exchanged at the authority, ⇢ signed off line. */
function Chain({ report: { decoded, hops, agent } }: { readonly report: Report }) {
  const path: string[] = [];
  let act: unknown = decoded?.claims['act'];
  while (typeof act === 'object' && act !== null && path.length < 8) {
    const { sub, act: inner } = act as { readonly sub?: unknown; readonly act?: unknown };
    path.unshift(`→ ${nameOf(sub)}`);
    act = inner;
  }
  for (const hop of hops) path.push(`⇢ ${nameOf(hop.claims['sub'])}`);
  if (path.length === 0) return null;
  const links = [nameOf(decoded?.claims['sub']), ...path];
  return (
    <figure>
      <figcaption class="quiet">
        Who passed it on: → exchanged at the authority, ⇢ signed off line
        {agent === undefined ? '; not verified' : ''}
      </figcaption>
      <ol class="chain">
        {links.map((link, at) => (
          <li key={at} class="mono">
            {link}
          </li>
        ))}
      </ol>
    </figure>
  );
}

const nameOf = (value: unknown): string => (typeof value === 'string' ? inert(value) : '?');

// Records of the audit log as a table. Everything in it is text, and inert.

import { addressOf } from '../app/route.ts';
import { inert, moment, number } from '../ui/format.ts';
import type { AuditLine } from './line.ts';

interface RecordsProps {
  readonly label: string;
  readonly shown: readonly AuditLine[];
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? inert(String(value)) : '';

/** The table. */
export function Records({ label, shown }: RecordsProps) {
  if (shown.length === 0) return <p class="quiet">None.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
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
  const { kind, decision, code, agent, subject, at, count } = record;
  const acts = typeof subject === 'string' && subject !== agent ? ` for ${inert(subject)}` : '';
  return (
    <tr>
      <td class="when">{typeof at === 'number' ? moment(at) : '–'}</td>
      <td class="mono">
        {typeof agent === 'string' ? <a href={addressOf('agent', agent)}>{inert(agent)}</a> : '–'}
        {acts}
      </td>
      <td>
        <span class="mono">{kind === 'record' ? textOf(record['action']) : textOf(kind)}</span>{' '}
        <span class="quiet">{textOf(record['resource'])}</span>
      </td>
      <td class={decision === 'allow' ? 'good' : 'bad mono code'}>
        {decision === 'allow' ? 'allowed' : textOf(code)}
        {typeof count === 'number' ? `, ${number(count)} times` : ''}
      </td>
      <td class="mono quiet">
        {textOf(record['shard'])}/{textOf(record['seq'])}
      </td>
    </tr>
  );
}

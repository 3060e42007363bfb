// The members of a header or of claims, explained; moments count down. Everything is shown as text, inert.

import { inert, moment } from '../ui/format.ts';
import { now } from '../ui/now.ts';
import { Left } from '../ui/time.tsx';
import { isMoment, meaningOf } from './words.ts';

interface ClaimsTableProps {
  readonly title: string;
  readonly members: Readonly<Record<string, unknown>>;
}

/** One table. */
export function ClaimsTable({ title, members }: ClaimsTableProps) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={title}>
      <table>
        <caption class="quiet">{title}</caption>
        <tbody>
          {Object.entries(members).map(([name, value]) => (
            <tr key={name}>
              <th scope="row" class="mono">
                {inert(name)}
              </th>
              <td class="mono">
                {isMoment(name, value) ? <Moment name={name} at={value} /> : inert(textOf(value))}
              </td>
              <td class="quiet">{meaningOf(name)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

function Moment({ name, at }: { readonly name: string; readonly at: number }) {
  const words = moment(at);
  if (name !== 'exp' || at < now.value) return <>{words}</>;
  return (
    <>
      {words}, <strong>{<Left at={at} />}</strong> left
    </>
  );
}

// What the bridge says of its work: a line for each thing that happened, for people or as JSON

import { paint, type Style } from '../output/output.ts';
import { printable, printableJson } from '../output/text.ts';

/** What can happen. */
export type BridgeEvent =
  | 'ready'
  | 'delivered'
  | 'sent'
  | 'set_aside'
  | 'refused'
  | 'waiting'
  | 'stopped';

/** What is said of it: names, codes and numbers, never what stands in a message. */
export type Details = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** The lines, and how many of each there were. */
export interface BridgeLog {
  readonly say: (event: BridgeEvent, details?: Details) => void;
  readonly count: (event: BridgeEvent) => number;
}

const styles: Partial<Record<BridgeEvent, Style>> = {
  set_aside: 'bad',
  refused: 'bad',
  waiting: 'warn',
};

/** Makes the log, on standard output. */
export function openLog(json: boolean): BridgeLog {
  const counts = new Map<BridgeEvent, number>();
  return {
    say(event, details = {}) {
      counts.set(event, (counts.get(event) ?? 0) + 1);
      process.stdout.write(`${json ? jsonLine(event, details) : textLine(event, details)}\n`);
    },
    count: (event) => counts.get(event) ?? 0,
  };
}

const jsonLine = (event: BridgeEvent, details: Details): string =>
  printableJson({ at: new Date().toISOString(), event, ...details });

function textLine(event: BridgeEvent, details: Details): string {
  const style = styles[event];
  const name = event.replace('_', ' ').padEnd(9);
  const said = Object.entries(details)
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => `${label}=${printable(String(value))}`);
  return [style === undefined ? name : paint(style, name), ...said].join(' ');
}

// Messages of the bus as people and programs read them

import type { ReceivedMessage } from '../../src/index.ts';
import { paint } from './output.ts';
import { printable, printableJson, relative, rows } from './text.ts';

/** A message as an object of the commands' JSON. */
export function messageObject(message: ReceivedMessage): object {
  const { id, sender, via, from, to, type, subject, payload, ts, ttl, leaseUntil } = message;
  return {
    id,
    sender,
    via,
    ...(from === undefined ? {} : { from }),
    to,
    type,
    subject,
    payload,
    ts,
    ...(ttl === undefined ? {} : { ttl }),
    lease_until: leaseUntil,
  };
}

/** A message for people, with times relative to now. */
export function messageText(message: ReceivedMessage, now: number): string {
  const { id, sender, via, from, to, type, subject, payload, ts } = message;
  const sent = relative(Date.parse(ts) / 1000, now);
  const head = `${paint('bold', type)} ${subject} from ${printable(sender)}, ${sent}`;
  const beside = rows([
    ['  id', id],
    ...(to === '*' ? [['  to', 'everybody'] as const] : []),
    ...(from === undefined || from === sender ? [] : [['  for', printable(from)] as const]),
    ...(via.length === 0 ? [] : [['  via', via.map(printable).join(', ')] as const]),
    ['  payload', printableJson(payload)],
  ]);
  return `${head}\n${beside}`;
}

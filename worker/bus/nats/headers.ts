// What stands beside an envelope in NATS: the headers of its message.

import type { MsgHdrs } from '@nats-io/nats-core';
import type { BusMessage } from '../bus.ts';
import type { StoredMessage } from './memory.ts';

const names = {
  sender: 'Swarm-Sender',
  id: 'Swarm-Id',
  via: 'Swarm-Via',
  digest: 'Swarm-Digest',
  sentAt: 'Swarm-Sent-At',
  expiresAt: 'Swarm-Expires-At',
} as const;

/** A message's headers, read back. */
export type NatsHeaders = Pick<BusMessage, 'sender' | 'id' | 'via' | 'sentAt' | 'expiresAt'>;

/** Writes the headers of a message. */
export function writeNatsHeaders(message: BusMessage): Record<string, string> {
  return {
    [names.sender]: message.sender,
    [names.id]: message.id,
    [names.digest]: message.digest,
    [names.sentAt]: String(message.sentAt),
    [names.expiresAt]: String(message.expiresAt),
    ...(message.via.length === 0 ? {} : { [names.via]: message.via.join(',') }),
  };
}

/** Reads them; `undefined` for a message that no gateway has sent. */
export function readNatsHeaders(headers: MsgHdrs | undefined): NatsHeaders | undefined {
  const sender = headers?.get(names.sender) ?? '';
  const id = headers?.get(names.id) ?? '';
  const via = headers?.get(names.via) ?? '';
  const sentAt = Number(headers?.get(names.sentAt));
  const expiresAt = Number(headers?.get(names.expiresAt));
  if (sender === '' || id === '' || !(sentAt > 0) || !(expiresAt > 0)) return undefined;
  return { sender, id, via: via === '' ? [] : via.split(','), sentAt, expiresAt };
}

/** The digest in the headers of a stored message. */
export function digestOf({ hdrs }: StoredMessage): string | undefined {
  const lines = atob(hdrs ?? '').split('\r\n');
  const line = lines.find((text) => text.startsWith(`${names.digest}:`));
  return line?.slice(names.digest.length + 1).trim();
}

// The names that mailboxes and messages have in NATS.

import { sha256 } from '../envelope.ts';

/** The stream of messages, and the one of what must be remembered of them. */
export const streams = { messages: 'SWARM', state: 'SWARM_STATE' } as const;

/** The subjects that the streams take. */
export const streamSubjects = { messages: 'swarm.*', state: 'swarm-state.>' } as const;

const encoder = new TextEncoder();
// A name becomes a folder's name on the server's disk, where 255 bytes are the limit
const maxName = 200;
const hashed = '=h';

/** Writes an id with `=XX` for every byte that could mean something in a NATS subject. */
export function encodeName(id: string): string {
  return Array.from(encoder.encode(id), (byte) => {
    const character = String.fromCharCode(byte);
    return /[\w-]/.test(character)
      ? character
      : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/** Reads it back; `undefined` for what is not exactly as `encodeName` writes it. */
export function decodeName(name: string): string | undefined {
  if (!/^(?:[\w-]|=[0-9A-F]{2})+$/.test(name)) return undefined;
  try {
    const id = decodeURIComponent(name.replaceAll('=', '%'));
    return encodeName(id) === name ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Where the messages of a mailbox are published. */
export function mailboxSubject(mailbox: string): string {
  return `swarm.${encodeName(mailbox)}`;
}

/** The mailbox of such a subject. */
export function mailboxOfSubject(subject: string): string | undefined {
  return subject.startsWith('swarm.') ? decodeName(subject.slice('swarm.'.length)) : undefined;
}

/** Where it is remembered that a message was stored. */
export function seenSubject(sender: string, to: string, id: string): string {
  return `swarm-state.seen.${encodeName(to)}.${encodeName(sender)}.${id}`;
}

/** Where it is remembered how a leased message is acknowledged; without a sender, of any. */
export function leaseSubject(mailbox: string, id: string, sender: string | undefined): string {
  const from = sender === undefined ? '*' : encodeName(sender);
  return `swarm-state.lease.${encodeName(mailbox)}.${id}.${from}`;
}

/** The consumer of a mailbox: named like it, or by a hash where that is too long. */
export async function consumerName(mailbox: string): Promise<string> {
  const name = encodeName(mailbox);
  return name.length <= maxName ? name : hashed + (await sha256(encoder.encode(mailbox)));
}

/** Tells whether a consumer's name is a hash. */
export function isHashed(name: string): boolean {
  return name.startsWith(hashed);
}

// What the tests of Durable Objects share: messages, names of their own, and time

import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import type { BusMessage } from '../../worker/bus/bus.ts';
import type { MailboxMessage } from '../../worker/bus/mailbox_store.ts';
import type { Directory } from '../../worker/index.ts';

/** A name that no other test uses. */
export function freshName(prefix: string): string {
  return `${prefix}-${crypto.randomUUID()}`;
}

/** A message that is good for five minutes from now. */
export function makeMessage(changes: Partial<BusMessage> = {}): BusMessage {
  const now = Date.now();
  return {
    sender: 'planner',
    via: [],
    to: 'worker-1',
    id: crypto.randomUUID(),
    digest: crypto.randomUUID(),
    sentAt: now,
    expiresAt: now + 300_000,
    body: '{"a":1}',
    ...changes,
  };
}

/** The same without a recipient: what a mailbox or an outbox stores. */
export function makeCopy(changes: Partial<BusMessage> = {}): MailboxMessage {
  const { to: _to, ...copy } = makeMessage(changes);
  return copy;
}

/** Sets the clock of this isolate, which the objects under test share, ahead. Timers stay real. */
export function advanceClock(milliseconds: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now + milliseconds);
}

export function directory(): DurableObjectStub<Directory> {
  return env.DIRECTORY.getByName('mailboxes');
}

// The protocol between a gateway and a bus elsewhere: its paths, and the shapes of its answers.

import * as v from 'valibot';
import { isAgentId } from '../../src/verify/index.ts';
import type { BusMessage, Delivery, Depth, DepthPage, StoreOutcome } from './bus.ts';
import { isMessageId } from './envelope.ts';

/** Every path begins with it: what a later version changes gets another one. */
export const wirePrefix = '/v1';

/** What the headers of a stored message are called. The body is the message as sent. */
const wireHeaders = {
  sender: 'bus-sender',
  via: 'bus-via',
  to: 'bus-to',
  id: 'bus-id',
  digest: 'bus-digest',
  sentAt: 'bus-sent-at',
  expiresAt: 'bus-expires-at',
  storeBefore: 'bus-store-before',
} as const;

/** How long one question may wait at the bus, in milliseconds. */
export const maxWireWait = 30_000;

const outcomes = [
  'stored',
  'duplicate',
  'conflict',
  'full',
  'expired',
  'late',
] as const satisfies readonly StoreOutcome[];

const agentId = v.custom<string>(isAgentId);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const time = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number));

const depth: v.GenericSchema<unknown, Depth> = v.object({
  mailbox: agentId,
  queued: count,
  leased: count,
});

/** The answers, by what was asked. Unknown members are passed over. */
export const wireAnswers: {
  readonly publish: v.GenericSchema<unknown, { readonly outcome: StoreOutcome }>;
  readonly holds: v.GenericSchema<unknown, { readonly held: boolean }>;
  readonly lease: v.GenericSchema<unknown, { readonly messages: readonly Delivery[] }>;
  readonly ready: v.GenericSchema<unknown, { readonly ready: boolean }>;
  readonly status: v.GenericSchema<unknown, Depth>;
  readonly list: v.GenericSchema<unknown, DepthPage>;
} = {
  publish: v.object({ outcome: v.picklist(outcomes) }),
  holds: v.object({ held: v.boolean() }),
  lease: v.object({
    messages: v.array(
      v.pipe(
        v.object({
          sender: agentId,
          via: v.array(agentId),
          lease_until_ms: count,
          body: v.string(),
        }),
        v.transform(({ sender, via, lease_until_ms: leaseUntil, body }) => {
          return { sender, via, leaseUntil, body };
        }),
      ),
    ),
  }),
  ready: v.object({ ready: v.boolean() }),
  status: depth,
  list: v.pipe(
    v.object({ mailboxes: v.array(depth), next: v.optional(agentId) }),
    v.transform(({ mailboxes, next }) => ({ mailboxes, next })),
  ),
};

const storeHeaders = v.object({
  sender: agentId,
  via: v.pipe(
    v.string(),
    v.transform((value) => (value === '' ? [] : value.split(','))),
    v.array(agentId),
  ),
  to: v.union([v.literal('*'), agentId]),
  id: v.custom<string>(isMessageId),
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  sentAt: time,
  expiresAt: time,
  storeBefore: time,
});

/** What the headers of a message to store say. */
export type StoreHeaders = Omit<BusMessage, 'body'> & { readonly storeBefore: number };

/** Writes the headers of a message to store. */
export function writeStoreHeaders(
  message: Omit<BusMessage, 'body'>,
  storeBefore: number,
): Record<string, string> {
  const values = { ...message, via: message.via.join(','), storeBefore };
  return Object.fromEntries(
    Object.entries(wireHeaders).map(([member, name]) => [
      name,
      String(values[member as keyof typeof wireHeaders]),
    ]),
  );
}

/** Reads them; `undefined` where one is missing or malformed. */
export function readStoreHeaders(headers: Headers): StoreHeaders | undefined {
  const values = Object.fromEntries(
    Object.entries(wireHeaders).map(([member, name]) => [member, headers.get(name)]),
  );
  const parsed = v.safeParse(storeHeaders, values, { abortEarly: true });
  return parsed.success ? parsed.output : undefined;
}

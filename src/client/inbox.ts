// The receiving side of a bus client: one long poll for all who wait, answers to those who asked.

import type { ErrorCode } from '../errors/codes.ts';
import type { BusTransport, Delivery, ReceiveAmount } from './bus_transport.ts';
import { createChanges } from './changes.ts';
import { pause } from './deadline.ts';
import { readEnvelope, type Envelope } from './envelope.ts';
import { isTransient, pauseAfter, type RetryPlan } from './retry.ts';
import type { Seen } from './seen.ts';

/** A message that arrived: its members, and what the bus says of it. */
export interface ReceivedMessage extends Envelope {
  /** The authenticated sender, whatever `from` says. */
  readonly sender: string;
  /** The authenticated actors of a delegation, newest first. */
  readonly via: readonly string[];
  /** Until when nobody else gets it, seconds since the epoch by the bus's clock. */
  readonly leaseUntil: number;
  /** The exact text that was sent. */
  readonly text: string;
}

/** A delivered message that does not follow the format. */
export interface RefusedMessage {
  readonly code: ErrorCode;
  readonly sender: string;
  /** As delivered; whatever it holds was not checked. */
  readonly text: string;
}

/** A response that somebody waits for. */
export interface Expected {
  /** The response, as soon as it has arrived. */
  message?: ReceivedMessage;
}

/** What an inbox works with. */
export interface InboxOptions {
  readonly transport: BusTransport;
  readonly plan: RetryPlan;
  /** How a long poll asks. */
  readonly amount: ReceiveAmount;
  /** Seconds since the epoch. */
  readonly clock: () => number;
  readonly acknowledge: (message: ReceivedMessage) => Promise<void>;
  readonly seen: Seen;
  readonly onRefused: ((message: RefusedMessage) => void) | undefined;
}

/** The receiving side of a client. */
export interface Inbox {
  /** What is at hand, or one request's worth. */
  receive(amount: ReceiveAmount, signal: AbortSignal | undefined): Promise<ReceivedMessage[]>;
  /** Waits for the next message, however long that takes. */
  next(signal: AbortSignal | undefined): Promise<ReceivedMessage>;
  /** From now on the response to a request is kept for whoever sent it. */
  expect(request: { readonly id: string; readonly to: string }): Expected;
  /** Waits until it has arrived. */
  arrival(expected: Expected, signal: AbortSignal | undefined): Promise<ReceivedMessage>;
  forget(expected: Expected): void;
}

/** How long a received message is kept for a later taker: less than its lease of 30 s. Seconds. */
const keepFor = 20;
const keepAtMost = 256;

interface Request {
  readonly id: string;
  readonly to: string;
}

/** Makes an inbox. Nothing is received before somebody asks. */
export function createInbox(options: InboxOptions): Inbox {
  const { transport, plan, amount, clock, acknowledge, seen, onRefused } = options;
  const expected = new Map<Expected, Request>();
  const changes = createChanges();
  let kept: { readonly message: ReceivedMessage; readonly until: number }[] = [];
  let poll: { readonly done: Promise<void>; readonly stop: AbortController } | undefined;
  let waiters = 0;
  let failures = 0;

  /** Hands out responses that are waited for; the rest is for whoever takes messages. */
  async function sort(deliveries: readonly Delivery[]): Promise<ReceivedMessage[]> {
    const rest: ReceivedMessage[] = [];
    for (const { text, ...beside } of deliveries) {
      const read = await readEnvelope(text);
      if (!read.ok) {
        tell({ code: read.error, sender: beside.sender, text });
        continue;
      }
      const message = Object.freeze({ ...read.value, ...beside, text });
      if (isRepeat(message)) continue;
      const asker = askerOf(message);
      if (asker === undefined) rest.push(message);
      else answer(asker, message);
    }
    changes.tell();
    return rest;
  }

  /** What comes again although it is still in hand, or was acknowledged over a socket that broke then. */
  function isRepeat(message: ReceivedMessage): boolean {
    const sighting = seen.look(message);
    if (sighting === 'acknowledged') acknowledge(message).catch(() => {});
    else if (sighting === 'new') seen.hand(message);
    return sighting !== 'new';
  }

  function answer(asker: Expected, message: ReceivedMessage): void {
    asker.message = message;
    // When this fails it comes once more, and nobody waits for it then
    acknowledge(message).catch(() => seen.drop(message));
  }

  function tell(message: RefusedMessage): void {
    try {
      onRefused?.(message);
    } catch {
      // Its own failure must not lose the other messages
    }
  }

  /** Who asked for this response: of the agent that was asked, and of no other. */
  function askerOf({ type, payload, from, sender }: ReceivedMessage): Expected | undefined {
    const id = payload['request_id'];
    if (type !== 'RESPONSE' || typeof id !== 'string') return undefined;
    for (const [asker, request] of expected) {
      const isAnswer = request.id.toLowerCase() === id.toLowerCase();
      // The bus lets `from` be another name only with the right to represent it
      if (isAnswer && request.to === (from ?? sender) && asker.message === undefined) return asker;
    }
    return undefined;
  }

  function keep(messages: readonly ReceivedMessage[]): void {
    const until = clock() + keepFor;
    const room = Math.max(0, keepAtMost - kept.length);
    kept.push(...messages.slice(0, room).map((message) => ({ message, until })));
    for (const message of messages.slice(room)) seen.drop(message);
  }

  function take(max: number): ReceivedMessage[] {
    const now = clock();
    // What was kept too long belongs to the bus again; and so it does after the clock was set back
    const isOurs = (until: number): boolean => now < until && until - now <= keepFor;
    for (const { message, until } of kept) if (!isOurs(until)) seen.drop(message);
    kept = kept.filter(({ until }) => isOurs(until));
    return kept.splice(0, max).map(({ message }) => message);
  }

  async function pollOnce(signal: AbortSignal): Promise<void> {
    const began = clock();
    try {
      const deliveries = await transport.receive(amount, signal);
      failures = 0;
      keep(await sort(deliveries));
      // A bus that does not wait must not be asked without pause
      if (deliveries.length === 0 && clock() - began < 1) await pause(plan.first, signal);
    } catch (error) {
      if (signal.aborted || !isTransient(error)) throw error;
      failures++;
      await pause(pauseAfter(error, failures, plan), signal);
    }
  }

  function polling(): Promise<void> {
    if (poll === undefined) {
      const stop = new AbortController();
      const done = pollOnce(stop.signal).finally(() => {
        if (poll?.stop === stop) poll = undefined;
      });
      // Nobody may be waiting any more when it fails
      done.catch(() => {});
      poll = { done, stop };
    }
    return poll.done;
  }

  /** Polls, together with all others who wait, until there is something to take. */
  async function until<T>(find: () => T | undefined, signal: AbortSignal | undefined): Promise<T> {
    waiters++;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const found = find();
        if (found !== undefined) return found;
        await changes.wait(signal, polling());
      }
    } finally {
      waiters--;
      if (waiters === 0) {
        poll?.stop.abort();
        poll = undefined;
      }
    }
  }

  return {
    async receive(wanted, signal) {
      signal?.throwIfAborted();
      const atHand = take(wanted.max);
      return atHand.length > 0 ? atHand : sort(await transport.receive(wanted, signal));
    },
    next: (signal) => until(() => take(1)[0], signal),
    expect(request) {
      const asker: Expected = {};
      expected.set(asker, request);
      return asker;
    },
    arrival: (asker, signal) => until(() => asker.message, signal),
    forget: (asker) => void expected.delete(asker),
  };
}

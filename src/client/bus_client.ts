// createBusClient: sends, receives and acknowledges messages of the Swarm Bus.

import { numberOption } from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';
import type { BusClient } from './bus_client_api.ts';
import { readBusOptions, type BusClientOptions } from './bus_client_options.ts';
import { compose, type Composed } from './compose.ts';
import { withDeadline, withSignals } from './deadline.ts';
import { disposable } from './disposal.ts';
import { isMessageId } from './envelope.ts';
import { createInbox, type ReceivedMessage } from './inbox.ts';
import { isTransient, withRetries } from './retry.ts';
import { createSeen } from './seen.ts';
import { transportOf } from './transports.ts';

/** How `messages` and `request` poll. */
const longPoll = { max: 10, wait: 20 };
/** The bus takes a `ts` of the last 60 s. Seconds, with room for the request itself. */
const sendWithin = 50;
const late = (): TokenError => new TokenError('upstream_timeout');

/**
 * Makes a client of the Swarm Bus, over a socket and over HTTP (see `transport`).
 *
 * It checks what it receives: size, form, and the digest over the exact bytes; `sender` is whom the
 * bus authenticated. Delivery is at least once: a message can come again, with the same `id`; one
 * that comes again because a socket broke, while it is in hand or after it was acknowledged, is
 * not handed out twice.
 *
 * A socket is renewed in place before its token ends, and opened again after a pause that grows
 * when it breaks: messages without an answer are sent again with the same `id`. When the gateway
 * ends its token for good (4403) and the source has no other one, calls reject with the
 * gateway's code. One second after its last use it is closed; `close` closes it at once.
 *
 * Does not check the time or the nonce of what it receives (the bus does), and does not encrypt:
 * the bus can read payloads. In a Worker, make one for each request: what one request waits for
 * another cannot receive.
 *
 * @param options where the bus is and where tokens come from; times in seconds
 * @returns the client; nothing is asked before its first call
 * @throws TypeError for a mistake in the options, which it names
 * @see RFC 9562 section 5.4 (ids), RFC 8259 (what is digested), RFC 6455
 * @example
 * ```ts
 * import { createBusClient } from 'swarmgate/client';
 *
 * const bus = createBusClient({
 *   url: 'https://gate.example',
 *   // Stands for createTokenSource
 *   source: {
 *     token: async () => ({ token: 'the.access.token', scheme: 'Bearer', expiresAt: Infinity }),
 *   },
 *   // Stands for the gateway
 *   fetch: async (_url, init) => new Response(String(init?.body), { status: 202 }),
 * });
 * const id = await bus.send({
 *   to: 'reviewer',
 *   type: 'REQUEST',
 *   subject: 'review-code',
 *   payload: { file: 'main.ts' },
 * });
 * if (id.length !== 36) throw new Error('unexpected');
 * ```
 */
export function createBusClient(options: BusClientOptions): BusClient {
  const settings = readBusOptions(options);
  const { clock, plan, onRefused } = settings;
  const transport = transportOf(settings);
  const seen = createSeen(clock);
  const ended = new AbortController();
  const inbox = createInbox({
    transport,
    plan,
    amount: longPoll,
    clock,
    acknowledge: remove,
    seen,
    onRefused,
  });

  /** Work that ends with the client too. */
  const open = <T>(
    signal: AbortSignal | undefined,
    work: (either: AbortSignal) => Promise<T>,
  ): Promise<T> => withSignals([signal, ended.signal], work);

  async function remove(message: ReceivedMessage | string, signal?: AbortSignal): Promise<void> {
    const named = typeof message === 'string' ? { id: message } : message;
    const { id } = named;
    if (!isMessageId(id)) throw new TypeError('A message id must be a UUID of version 4');
    const which = 'sender' in named ? { id, sender: named.sender } : { id };
    await open(signal, (either) =>
      withRetries(() => transport.acknowledge(which, either), plan, either),
    );
    seen.acknowledge(which);
  }

  async function sendComposed({ text }: Composed, signal: AbortSignal): Promise<void> {
    const began = clock();
    const isWorthwhile = (seconds: number): boolean => clock() + seconds - began < sendWithin;
    await withRetries(() => transport.send(text, signal), { ...plan, isWorthwhile }, signal);
  }

  return disposable({
    async send(parts, { signal } = {}) {
      signal?.throwIfAborted();
      const composed = await compose(parts, clock() * 1000);
      await open(signal, (either) => sendComposed(composed, either));
      return composed.id;
    },

    async receive({ signal, ...amount } = {}) {
      const max = numberOption('max', amount.max, { min: 1, max: 100, fallback: 10 });
      const wait = numberOption('wait', amount.wait, { min: 0, max: 30, fallback: 0 });
      const wanted = { max: Math.floor(max), wait: Math.floor(wait) };
      return open(signal, (either) => inbox.receive(wanted, either));
    },

    acknowledge: (message, { signal } = {}) => remove(message, signal),

    async *messages({ signal, acknowledge = true } = {}) {
      const release = transport.hold();
      try {
        for (;;) {
          const message = await open(signal, (either) => inbox.next(either));
          if (acknowledge) yield* handled(message);
          else yield message;
        }
      } finally {
        release();
      }
    },

    async request(parts, { signal, timeout } = {}) {
      const range = { min: 0.001, max: 3600, fallback: 30 };
      const seconds = numberOption('timeout', timeout, range);
      if (parts.to === '*')
        throw new TypeError('"to" must be one agent: whose response is it else?');
      const composed = await compose({ ...parts, type: 'REQUEST' }, clock() * 1000);
      const expected = inbox.expect({ id: composed.id, to: parts.to });
      const release = transport.hold();
      try {
        return await open(signal, (either) =>
          withDeadline({ seconds, late }, either, async (within) => {
            await sendComposed(composed, within);
            return inbox.arrival(expected, within);
          }),
        );
      } finally {
        release();
        inbox.forget(expected);
      }
    },

    async close() {
      ended.abort(new DOMException('The bus client is closed', 'AbortError'));
      await transport.close();
    },
  } satisfies Omit<BusClient, keyof AsyncDisposable>);

  /** Yields a message, and acknowledges it when the next one is asked for. */
  async function* handled(message: ReceivedMessage): AsyncGenerator<ReceivedMessage, void, void> {
    let isDone = false;
    seen.keep(message);
    try {
      yield message;
      isDone = true;
    } finally {
      if (!isDone) seen.drop(message);
    }
    try {
      // Without the signal: it was handled, and must not come again because of that
      await remove(message);
    } catch (error) {
      if (!isTransient(error)) throw error;
      // When it comes again it is acknowledged again
      seen.acknowledge(message);
    }
  }
}

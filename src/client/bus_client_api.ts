// What a bus client offers: its calls, their options, and what they reject with.

/// <reference lib="esnext.disposable" preserve="true" />

import type { MessageParts } from './compose.ts';
import type { ReceivedMessage } from './inbox.ts';

/** Ends the wait. */
export interface BusCallOptions {
  readonly signal?: AbortSignal;
}

/** Options of `receive`. */
export interface ReceiveOptions extends BusCallOptions {
  /** The most messages to take, 1 to 100. Default: 10. */
  readonly max?: number;
  /** How long to wait for a first message, in seconds, 0 to 30. Default: 0. */
  readonly wait?: number;
}

/** Options of `messages`. */
export interface MessagesOptions extends BusCallOptions {
  /**
   * Whether each message is acknowledged when the next one is asked for. Default: `true`. With
   * `false` that is the caller's, and what is not acknowledged comes again after its lease.
   */
  readonly acknowledge?: boolean;
}

/** Options of `request`. */
export interface RequestOptions extends BusCallOptions {
  /** How long to wait for the response, in seconds, at most 3,600. Default: 30. */
  readonly timeout?: number;
}

/** A client of the Swarm Bus. Failures of the bus are TokenErrors with the gateway's code. */
export interface BusClient extends AsyncDisposable {
  /**
   * Sends a message, and resolves with its id once it is stored. After a network failure or a 5xx
   * the same bytes are sent again: the bus stores them once.
   *
   * @throws TypeError for parts that no bus accepts; TokenError with the gateway's code,
   * `bus_unavailable`, `upstream_timeout`
   */
  send(parts: MessageParts, options?: BusCallOptions): Promise<string>;
  /**
   * Takes messages; each is this client's for 30 s, and comes again unless it is acknowledged.
   *
   * @throws TokenError as `send`; `upstream_invalid` for an answer that is not the bus's
   */
  receive(options?: ReceiveOptions): Promise<ReceivedMessage[]>;
  /**
   * Removes a received message: of its sender alone where the message is given, of any by id.
   *
   * @throws TypeError for what is no id; TokenError as `send`
   */
  acknowledge(message: ReceivedMessage | string, options?: BusCallOptions): Promise<void>;
  /**
   * Yields messages as they come, and acknowledges each when the next one is asked for: one whose
   * handling broke off comes again. Waits through outages of the bus.
   *
   * @throws the signal's reason; TokenError when the gateway refuses for good
   */
  messages(options?: MessagesOptions): AsyncGenerator<ReceivedMessage, never, void>;
  /**
   * Sends a REQUEST and waits for the RESPONSE to it from the agent that was asked. Other messages
   * that arrive meanwhile stay for `receive` and `messages`.
   *
   * @throws as `send`; TokenError `upstream_timeout` when no response came in time
   */
  request(parts: Omit<MessageParts, 'type'>, options?: RequestOptions): Promise<ReceivedMessage>;
  /**
   * Closes the socket, where one is open. Calls that are under way, and later ones, reject with a
   * DOMException `AbortError`; what was taken and not acknowledged comes again, to whoever asks.
   */
  close(): Promise<void>;
}

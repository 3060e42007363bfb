// BusTransport: how a bus client reaches its bus, whether over HTTP or over a socket.

/** A message as the bus delivers it. */
export interface Delivery {
  /** The authenticated sender. */
  readonly sender: string;
  /** The authenticated actors of a delegation, newest first. */
  readonly via: readonly string[];
  /** Until when it is ours, seconds since the epoch by the bus's clock. */
  readonly leaseUntil: number;
  /** The envelope's exact text. Not checked. */
  readonly text: string;
}

/** How much to receive at once, and how long to wait for a first message, in seconds. */
export interface ReceiveAmount {
  readonly max: number;
  readonly wait: number;
}

/** One attempt each; what can be tried again is the caller's to decide. All reject with TokenError. */
export interface BusTransport {
  /** Sends a message's exact text. */
  send(text: string, signal: AbortSignal | undefined): Promise<void>;
  receive(amount: ReceiveAmount, signal: AbortSignal | undefined): Promise<readonly Delivery[]>;
  /** Removes a delivered message, of one sender or of any. */
  acknowledge(
    message: { readonly id: string; readonly sender?: string },
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /** Says that somebody waits for messages until the answered function is called. */
  hold(): () => void;
  /** Ends what is under way; what is called afterwards rejects. */
  close(): Promise<void>;
}

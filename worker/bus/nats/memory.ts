// What the bus remembers in NATS beside the messages: one text for each subject of the state's stream.

import type { ApiAnswer, NatsLink } from './link.ts';
import { streams } from './names.ts';

/** A text that was remembered. */
export interface Remembered {
  readonly text: string;
  readonly seq: number;
}

/** A memory whose entries go by themselves when nobody can need them any more. */
export interface NatsMemory {
  /** The text of a subject, or the last one where the subject has a wildcard. */
  read(subject: string): Promise<Remembered | undefined>;
  write(subject: string, text: string): Promise<void>;
  forget(remembered: Remembered): Promise<void>;
}

/** A message as the stream's own API shows it. */
export interface StoredMessage {
  readonly seq: number;
  /** Base64. */
  readonly data?: string;
  /** Base64. */
  readonly hdrs?: string;
}

/** `no message found`. */
const noMessage = 10_037;

/** Asks a stream for one message, by its number or the last of a subject; `undefined`: none. */
export async function getMessage(
  link: NatsLink,
  stream: string,
  which: { readonly seq: number } | { readonly last_by_subj: string },
): Promise<StoredMessage | undefined> {
  const answer = await link.api(`STREAM.MSG.GET.${stream}`, which);
  if (answer.error?.err_code === noMessage) return undefined;
  const { message } = succeeded(answer) as { readonly message?: StoredMessage };
  return message;
}

/** An answer that is no error. */
export function succeeded(answer: ApiAnswer): ApiAnswer {
  if (answer.error !== undefined) throw new Error(`JetStream error ${answer.error.err_code}`);
  return answer;
}

/** Makes the memory of a link. */
export function createNatsMemory(link: NatsLink): NatsMemory {
  return {
    async read(subject) {
      const found = await getMessage(link, streams.state, { last_by_subj: subject });
      return found && { seq: found.seq, text: atob(found.data ?? '') };
    },

    async write(subject, text) {
      const answer = await link.request(subject, { data: text });
      succeeded(answer.json<ApiAnswer>());
    },

    async forget({ seq }) {
      // Somebody else may have forgotten it first
      await link.api(`STREAM.MSG.DELETE.${streams.state}`, { seq, no_erase: true });
    },
  };
}

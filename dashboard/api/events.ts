// The live stream of figures and records, read with fetch and a proof, joined again when it ends.

import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Stats } from './shapes.ts';
import { ApiError, ask } from './admin.ts';
import { wordsOf } from '../ui/words.ts';

/** What is told of the stream. */
export interface StreamReader {
  readonly stats: (stats: Stats) => void;
  /** Lines of the audit log as they were sent. */
  readonly records: (lines: readonly string[]) => void;
  /** Something was left out: the reader was too slow. */
  readonly skipped: () => void;
  /** Whether the stream is there; with words when it is not. */
  readonly state: (state: 'live' | 'joining', why?: string) => void;
}

/** Milliseconds between two tries. */
const pauses = { first: 500, most: 15_000 };

const wait = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

/** Follows the stream, from a cursor on, until the signal ends it. Never rejects. */
export async function follow(
  reader: StreamReader,
  signal: AbortSignal,
  from?: string,
): Promise<void> {
  let after = from;
  let pause = pauses.first;

  async function once(): Promise<void> {
    const query = after === undefined ? '' : `?${new URLSearchParams({ after }).toString()}`;
    const { body } = await ask(`/admin/events${query}`, { signal });
    if (body === null) throw new Error('The stream has no body');
    const events = body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    for await (const { event, data } of read(events)) {
      reader.state('live');
      pause = pauses.first;
      if (event === 'stats') reader.stats(JSON.parse(data) as Stats);
      if (event === 'records') {
        const page = JSON.parse(data) as { lines: readonly string[]; after: string };
        after = page.after;
        reader.records(page.lines);
      }
      if (event === 'skipped') {
        after = (JSON.parse(data) as { after: string }).after;
        reader.skipped();
      }
      if (event === 'end') return;
    }
  }

  while (!signal.aborted) {
    try {
      await once();
    } catch (error) {
      if (signal.aborted) return;
      // A cursor that is too old begins anew, at the newest
      if (error instanceof ApiError && error.code === 'cursor_expired') after = undefined;
      reader.state('joining', wordsOf(error, 'The stream broke off'));
      await wait(pause, signal);
      pause = Math.min(pauses.most, pause * 2);
    }
  }
}

/** Not every browser's stream can be iterated yet. */
async function* read<T>(stream: ReadableStream<T>): AsyncGenerator<T, void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

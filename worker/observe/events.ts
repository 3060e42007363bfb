// GET /admin/events: figures and lines of the audit log as a stream, as long as the token that asked is good.

import { TokenError } from '../../src/verify/index.ts';
import { refuse } from '../authority/http/refusal.ts';
import type { Incoming, Target } from '../target.ts';
import { endOfLog, readPage } from './export.ts';
import { parseCursor } from './export_cursor.ts';
import { gatherStats, type StatsParts } from './stats.ts';

// Milliseconds
const pollEvery = 1000;
const statsEvery = 2000;
const heartbeatEvery = 10_000;
/** A stream asks objects each second, and one request may do so only some thousand times. */
const longest = 900_000;
const maxLines = 200;
/** A reader that is this many bytes behind hears no more lines before it has caught up. */
const maxBuffered = 1_000_000;
/** Pages that a slow reader may be behind before the stream goes on at the newest. */
const maxBehind = 20;

const encoder = new TextEncoder();

type Live = Pick<Incoming, 'agent' | 'recheck'>;

const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** GET /admin/events */
export function eventsTarget(parts: StatsParts): Target {
  return {
    read({ query, agent, recheck, isHead }) {
      const after = query.get('after') ?? undefined;
      const known = [...query.keys()].every((name) => name === 'after') && query.size <= 1;
      const isWrong = !known || (after !== undefined && parseCursor(after) === undefined);
      return {
        required: ['admin:read'],
        async run() {
          if (isWrong) return refuse('parameter_malformed');
          const body = isHead ? null : streamOf(parts, after, { agent, recheck });
          return new Response(body, {
            headers: {
              'Content-Type': 'text/event-stream',
              'Cache-Control': 'no-store',
              'X-Content-Type-Options': 'nosniff',
            },
          });
        },
      };
    },
  };
}

function streamOf(
  parts: StatsParts,
  after: string | undefined,
  live: Live,
): ReadableStream<Uint8Array> {
  let cancelled = false;
  return new ReadableStream<Uint8Array>(
    {
      async start(controller) {
        // Not awaited: a stream that is being started would not be read
        void run(parts, after, live, {
          isOpen: () => !cancelled,
          room: () => controller.desiredSize ?? 0,
          send: (text) => controller.enqueue(encoder.encode(text)),
        })
          .catch(() => undefined)
          .finally(() => {
            if (!cancelled) controller.close();
          });
      },
      cancel() {
        cancelled = true;
      },
    },
    { highWaterMark: maxBuffered, size: (chunk) => chunk.byteLength },
  );
}

interface Reader {
  readonly isOpen: () => boolean;
  /** Bytes until the reader is too far behind. */
  readonly room: () => number;
  readonly send: (text: string) => void;
}

const event = (name: string, data: object): string =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

async function run(
  parts: StatsParts,
  from: string | undefined,
  { agent, recheck }: Live,
  reader: Reader,
): Promise<void> {
  const { now, source } = parts;
  const beganAt = now();
  let after = from ?? (await endOfLog(source));
  let [statsAt, sentAt, behind] = [-Infinity, now(), 0];
  const send = (text: string): void => {
    reader.send(text);
    sentAt = now();
  };

  /** Why the stream must end now. */
  const endedBy = async (): Promise<string | undefined> => {
    if (now() - beganAt >= longest) return 'stream_limit';
    if (now() / 1000 >= agent.expiresAt) return 'token_expired';
    try {
      await recheck();
      return undefined;
    } catch (error) {
      return error instanceof TokenError ? error.code : 'revocation_unavailable';
    }
  };

  const sendLines = async (): Promise<void> => {
    const page = await readPage(source, after, maxLines);
    const isGone = page === 'expired' || page === 'malformed';
    behind = !isGone && page.more ? behind + 1 : 0;
    if (isGone || behind > maxBehind) {
      after = await endOfLog(source);
      behind = 0;
      return send(event('skipped', { after }));
    }
    const { lines } = page;
    ({ after } = page);
    if (lines.length > 0) send(event('records', { lines, after }));
  };

  while (reader.isOpen()) {
    const code = await endedBy();
    if (code !== undefined) return send(event('end', { code }));
    if (reader.room() > 0) {
      await sendLines();
      if (now() - statsAt >= statsEvery) {
        const { buckets: _buckets, ...stats } = await gatherStats(parts);
        send(event('stats', stats));
        statsAt = now();
      }
      if (now() - sentAt >= heartbeatEvery) send(':\n\n');
    }
    await wait(pollEvery);
  }
}

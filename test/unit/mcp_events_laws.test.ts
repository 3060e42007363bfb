// Events of a stream are the same events however the stream was cut, and a long one is looked through once

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { rewriteEvents } from '../../worker/gateway/mcp_events.ts';

const encoder = new TextEncoder();

/** What comes out when these pieces go in; each event's data is marked. */
function rewritten(pieces: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  return new Response(body.pipeThrough(rewriteEvents((data) => `<${data.length}>`))).text();
}

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const line = fc.oneof(
  fc.constantFrom('', 'data', 'data: a', 'data:é', 'id: 7', ': note'),
  fc.string({ maxLength: 4 }),
);
const stream = fc
  .array(fc.tuple(line, lineEnd), { maxLength: 12 })
  .map((lines) => lines.flat().join(''));

/** The data of each event, as a client reads it (HTML standard, "event stream interpretation"). */
function dataOf(text: string): readonly string[] {
  const found: string[] = [];
  let data: string[] = [];
  for (const each of text.split(/\r\n|\n|\r/)) {
    if (each === '' && data.length > 0) found.push(data.join('\n'));
    if (each === '') data = [];
    else if (/^data(?::|$)/.test(each)) data.push(each.replace(/^data(?:: ?)?/, ''));
  }
  return data.length > 0 ? [...found, data.join('\n')] : found;
}

test('rewriteEvents() sees the same events wherever the stream is cut', async () => {
  await fc.assert(
    fc.asyncProperty(stream, fc.array(fc.nat(60), { maxLength: 6 }), async (text, cuts) => {
      const bytes = encoder.encode(text);
      const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].toSorted(
        (a, b) => a - b,
      );
      const pieces = at.slice(1).map((to, index) => bytes.slice(at[index], to));
      const marked = dataOf(text).map((data) => `<${data.length}>`);
      expect(dataOf(await rewritten(pieces))).toEqual(marked);
    }),
    { numRuns: 500 },
  );
});

// Looked through again with each piece, this takes minutes
test('rewriteEvents() takes an event of 8 MB in pieces of 64 bytes', async () => {
  const piece = encoder.encode('x'.repeat(64));
  const pieces = Array.from({ length: 131_072 }, () => piece);
  const text = await rewritten([encoder.encode('data: '), ...pieces, encoder.encode('\n\n')]);
  expect(text).toBe(`data: <${131_072 * 64}>\n\n`);
});

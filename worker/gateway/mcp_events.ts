// An event stream on its way back, event by event: the data of each may be rewritten.

// A blank line ends an event; lines end in CRLF, LF or CR (HTML standard, "event stream interpretation")
const boundary = /(?:\r\n|\n|\r(?!\n)){2}/g;
const lineEnd = /\r\n|\n|\r/;
const dataLine = /^data(?:: ?|$)/;

function rewriteEvent(event: string, rewrite: (data: string) => string): string {
  const lines = event.split(lineEnd);
  const data = lines.filter((line) => dataLine.test(line));
  if (data.length === 0) return event;
  const before = data.map((line) => line.replace(dataLine, '')).join('\n');
  const after = rewrite(before);
  if (after === before) return event;
  const others = lines.filter((line) => line !== '' && !dataLine.test(line));
  return `${[...others, `data: ${after}`].join('\n')}\n\n`;
}

/** Passes events on as soon as they are whole, with their data rewritten. `rewrite` returns one line. */
export function rewriteEvents(
  rewrite: (data: string) => string,
): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  // Of the event that is not whole yet, apart from its end: it is not looked through again
  let parts: string[] = [];
  let end = '';

  /** The events that are whole now; what follows them stays. */
  function* whole(piece: string): Iterable<string> {
    const text = end + piece;
    let start = 0;
    for (const { index, 0: found } of text.matchAll(boundary)) {
      const after = index + found.length;
      yield [...parts, text.slice(start, after)].join('');
      parts = [];
      start = after;
    }
    // A blank line may come in two pieces
    const rest = Math.max(start, text.length - 3);
    parts.push(text.slice(start, rest));
    end = text.slice(rest);
  }

  return new TransformStream({
    transform(piece, controller) {
      for (const event of whole(decoder.decode(piece, { stream: true }))) {
        controller.enqueue(encoder.encode(rewriteEvent(event, rewrite)));
      }
    },
    flush(controller) {
      const last = [...parts, end, decoder.decode()].join('');
      if (last !== '') controller.enqueue(encoder.encode(rewriteEvent(last, rewrite)));
    },
  });
}

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
  let text = '';

  /** The events that are whole; what follows them stays. */
  function* whole(from: number): Iterable<string> {
    let start = 0;
    // A line end may have come in two pieces
    boundary.lastIndex = Math.max(0, from - 4);
    for (let found = boundary.exec(text); found !== null; found = boundary.exec(text)) {
      yield text.slice(start, boundary.lastIndex);
      start = boundary.lastIndex;
    }
    text = text.slice(start);
  }

  return new TransformStream({
    transform(piece, controller) {
      const before = text.length;
      text += decoder.decode(piece, { stream: true });
      for (const event of whole(before)) {
        controller.enqueue(encoder.encode(rewriteEvent(event, rewrite)));
      }
    },
    flush(controller) {
      text += decoder.decode();
      if (text !== '') controller.enqueue(encoder.encode(rewriteEvent(text, rewrite)));
    },
  });
}

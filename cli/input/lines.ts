// The lines of a stream, one after the other, however long the stream is and whatever stands in it

/** What is longer is no line of ours: its beginning stands for it. */
const maxLine = 200_000;

/** Splits a stream of bytes into lines, without their ends. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let isSkipping = false;
  for await (const chunk of chunks) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      if (!isSkipping) yield piece;
      isSkipping = false;
    }
    if (rest.length <= maxLine) continue;
    if (!isSkipping) yield rest;
    [rest, isSkipping] = ['', true];
  }
  if (rest !== '' && !isSkipping) yield rest;
}

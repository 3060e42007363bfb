// The elements of a JSON array as texts: what takes exact bytes out of an answer that holds several.

import { finish, malformed, scanValue, skipSpace, type Scan } from './json_scan.ts';

/**
 * Splits the text of a JSON array into the texts of its elements, each exactly as written.
 *
 * Strict as `parseJson` is. Does not cap the size of the text.
 *
 * @throws SyntaxError with the position, never with the text.
 */
export function splitJsonArray(text: string, maxDepth: number): readonly string[] {
  const scan: Scan = { text, at: 0, depth: maxDepth };
  const elements: string[] = [];
  if (skipSpace(scan) !== 0x5b) throw malformed(scan);
  scan.at++;
  if (skipSpace(scan) !== 0x5d) {
    for (;;) {
      skipSpace(scan);
      const start = scan.at;
      scanValue(scan);
      elements.push(text.slice(start, scan.at));
      const code = skipSpace(scan);
      if (code === 0x5d) break;
      if (code !== 0x2c) throw malformed(scan);
      scan.at++;
    }
  }
  scan.at++;
  return finish(scan, elements);
}

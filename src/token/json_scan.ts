// The scanner under the strict JSON parser (RFC 8259): one pass, bounded depth, no duplicate names.

/** Where a scan stands. */
export interface Scan {
  readonly text: string;
  at: number;
  depth: number;
}

/** Member name → start (inclusive) and end (exclusive) of its value. */
export type Spans = Map<string, readonly [number, number]>;

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const hex4 = /^[0-9a-fA-F]{4}$/;
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** The one error of the parser: the position, never the text. */
export const malformed = (scan: Scan): SyntaxError =>
  new SyntaxError(`JSON is malformed at ${scan.at}`);

/** Skips white space and answers the code unit after it; NaN at the end. */
export function skipSpace(scan: Scan): number {
  const { text } = scan;
  for (;;) {
    const code = text.charCodeAt(scan.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
    scan.at++;
  }
}

function codeUnit(scan: Scan): number {
  const digits = scan.text.slice(scan.at, scan.at + 4);
  if (!hex4.test(digits)) throw malformed(scan);
  scan.at += 4;
  return Number.parseInt(digits, 16);
}

/** The character of a `\u` escape. A surrogate without its other half is no character (RFC 8259 section 8.2). */
function unicodeEscape(scan: Scan): string {
  const first = codeUnit(scan);
  if (first < 0xd800 || first > 0xdfff) return String.fromCharCode(first);
  if (first > 0xdbff || !scan.text.startsWith('\\u', scan.at)) throw malformed(scan);
  scan.at += 2;
  const second = codeUnit(scan);
  if (second < 0xdc00 || second > 0xdfff) throw malformed(scan);
  return String.fromCharCode(first, second);
}

function scanString(scan: Scan): string {
  const { text } = scan;
  if (text.charCodeAt(scan.at) !== 0x22) throw malformed(scan);
  let start = ++scan.at;
  let value = '';
  for (;;) {
    const code = text.charCodeAt(scan.at);
    if (code === 0x22) {
      const rest = text.slice(start, scan.at++);
      return value === '' ? rest : value + rest;
    }
    if (code === 0x5c) {
      value += text.slice(start, scan.at);
      const letter = text.charAt(scan.at + 1);
      scan.at += 2;
      const character = letter === 'u' ? unicodeEscape(scan) : escapes.get(letter);
      if (character === undefined) throw malformed(scan);
      value += character;
      start = scan.at;
    } else if (code >= 0x20) {
      scan.at++;
    } else {
      // A control character, or NaN at the end of the text.
      throw malformed(scan);
    }
  }
}

function scanLiteral<T>(scan: Scan, word: string, value: T): T {
  if (!scan.text.startsWith(word, scan.at)) throw malformed(scan);
  scan.at += word.length;
  return value;
}

function scanNumber(scan: Scan): number {
  number.lastIndex = scan.at;
  const match = number.exec(scan.text);
  if (match === null) throw malformed(scan);
  scan.at += match[0].length;
  return Number(match[0]);
}

function enter(scan: Scan): void {
  scan.at++;
  if (--scan.depth < 0) throw malformed(scan);
}

function leave(scan: Scan): void {
  scan.at++;
  scan.depth++;
}

function scanArray(scan: Scan): unknown[] {
  const value: unknown[] = [];
  enter(scan);
  if (skipSpace(scan) !== 0x5d) {
    for (;;) {
      value.push(scanValue(scan));
      const code = skipSpace(scan);
      if (code === 0x5d) break;
      if (code !== 0x2c) throw malformed(scan);
      scan.at++;
    }
  }
  leave(scan);
  return value;
}

/** Scans an object, and notes the spans of its members where asked. */
export function scanObject(scan: Scan, spans?: Spans): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  enter(scan);
  if (skipSpace(scan) !== 0x7d) {
    for (;;) {
      skipSpace(scan);
      const name = scanString(scan);
      if (Object.hasOwn(value, name) || skipSpace(scan) !== 0x3a) throw malformed(scan);
      scan.at++;
      skipSpace(scan);
      const start = scan.at;
      const member = scanValue(scan);
      spans?.set(name, [start, scan.at]);
      if (name === '__proto__') {
        // Assigning would set the prototype; as an own property it is inert.
        Object.defineProperty(value, name, {
          value: member,
          configurable: true,
          enumerable: true,
          writable: true,
        });
      } else {
        value[name] = member;
      }
      const code = skipSpace(scan);
      if (code === 0x7d) break;
      if (code !== 0x2c) throw malformed(scan);
      scan.at++;
    }
  }
  leave(scan);
  return value;
}

/** Scans any value. */
export function scanValue(scan: Scan): unknown {
  switch (skipSpace(scan)) {
    case 0x22:
      return scanString(scan);
    case 0x7b:
      return scanObject(scan);
    case 0x5b:
      return scanArray(scan);
    case 0x74:
      return scanLiteral(scan, 'true', true);
    case 0x66:
      return scanLiteral(scan, 'false', false);
    case 0x6e:
      return scanLiteral(scan, 'null', null);
    default:
      return scanNumber(scan);
  }
}

/** Requires that nothing but white space is left. */
export function finish<T>(scan: Scan, value: T): T {
  skipSpace(scan);
  if (scan.at !== scan.text.length) throw malformed(scan);
  return value;
}

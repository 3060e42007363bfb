// A strict JSON parser (RFC 8259): no duplicate names, bounded depth, spans of the top-level members.

import { defaultMaxDepth, parseCompact } from './json_compact.ts';
import {
  finish,
  malformed,
  scanObject,
  scanValue,
  skipSpace,
  type Scan,
  type Spans,
} from './json_scan.ts';

/** Options of the parser. */
export interface JsonOptions {
  /** How deeply arrays and objects may nest; 32 by default. */
  readonly maxDepth?: number;
}

/** An object with the place of each of its members' values in the text. */
export interface ScannedObject {
  readonly value: Record<string, unknown>;
  /** Member name → start (inclusive) and end (exclusive) of its value, in UTF-16 code units. */
  readonly spans: ReadonlyMap<string, readonly [start: number, end: number]>;
}

const begin = (text: string, depth: number): Scan => ({ text, at: 0, depth });

/**
 * Parses JSON text as `JSON.parse` does, but refuses duplicate names, lone surrogates in escapes
 * and nesting past `maxDepth`; `__proto__` becomes an ordinary own member.
 *
 * Does not cap the size of the text, and does not refuse numbers too large for a double: `1e400`
 * is `Infinity`.
 *
 * @throws SyntaxError with the position, never with the text.
 * @example
 * ```ts
 * import { parseJson } from 'swarmgate';
 *
 * try {
 *   parseJson('{"sub":"a","sub":"b"}');
 *   throw new Error('unexpected');
 * } catch (error) {
 *   if (!(error instanceof SyntaxError)) throw error;
 * }
 * ```
 */
export function parseJson(text: string, options: JsonOptions = {}): unknown {
  const { maxDepth = defaultMaxDepth } = options;
  const compact = parseCompact(text, maxDepth);
  if (compact !== undefined) return compact;
  const scan = begin(text, maxDepth);
  return finish(scan, scanValue(scan));
}

/**
 * Parses JSON text whose top level is an object, strictly as `parseJson` does, and tells where each
 * top-level member's value stands: what a digest over "the exact bytes as sent" needs.
 *
 * @throws SyntaxError with the position, never with the text.
 * @example
 * ```ts
 * import { scanJsonObject } from 'swarmgate';
 *
 * const text = '{ "payload": {"n": 1.0} }';
 * const [start, end] = scanJsonObject(text).spans.get('payload') ?? [0, 0];
 * if (text.slice(start, end) !== '{"n": 1.0}') throw new Error('unexpected');
 * ```
 */
export function scanJsonObject(text: string, options: JsonOptions = {}): ScannedObject {
  const scan = begin(text, options.maxDepth ?? defaultMaxDepth);
  const spans: Spans = new Map();
  if (skipSpace(scan) !== 0x7b) throw malformed(scan);
  return { value: finish(scan, scanObject(scan, spans)), spans };
}

// The laws of the strict JSON parser: JSON.parse minus duplicates, lone surrogates and depth

import { assert, integer, json, jsonValue, property, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson, scanJsonObject } from '../../src/index.ts';

interface Read {
  readonly value?: unknown;
  readonly refused: boolean;
}

function read(parse: (text: string) => unknown, text: string): Read {
  try {
    return { value: parse(text), refused: false };
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return { refused: true };
  }
}

const strict = (text: string): Read => read((input) => parseJson(input), text);
const builtIn = (text: string): Read => read((input) => JSON.parse(input) as unknown, text);

/** How many names the objects in a value have. */
function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, member) => sum + namesIn(member), own);
}

/** How many names are written in a text that is JSON. */
function namesWritten(text: string): number {
  const withoutStrings = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '"');
  return withoutStrings.match(/"\s*:/g)?.length ?? 0;
}

const values = jsonValue({ maxDepth: 6 });
const runs = { numRuns: 3000 };

/** One edit of a text: a character taken away, put in, or exchanged. */
const edits = tuple(
  json({ maxDepth: 3 }),
  integer({ min: 0, max: 200 }),
  integer({ min: 0, max: 2 }),
  string({ minLength: 1, maxLength: 1 }),
);

function edit([text, place, kind, character]: [string, number, number, string]): string {
  const at = place % (text.length + 1);
  const before = text.slice(0, at);
  if (kind === 0) return before + text.slice(at + 1);
  return before + character + text.slice(kind === 1 ? at : at + 1);
}

describe('parseJson()', () => {
  test('reads what JSON.stringify writes, compact or with white space', () => {
    assert(
      property(values, (value) => {
        for (const space of [0, 1, '\t']) {
          const text = JSON.stringify(value, null, space);
          expect(strict(text)).toEqual(builtIn(text));
        }
      }),
      runs,
    );
  });

  test('reads every text of pure escapes as JSON.parse does', () => {
    assert(
      property(string({ unit: 'grapheme', maxLength: 8 }), (value) => {
        const escaped = Array.from({ length: value.length }, (_, at) => {
          return `\\u${value.charCodeAt(at).toString(16).padStart(4, '0')}`;
        }).join('');
        const text = `{"${escaped}":"${escaped}"}`;
        expect(strict(text)).toEqual(builtIn(text));
      }),
      runs,
    );
  });

  test('never reads what JSON.parse refuses, and refuses only what is stricter', () => {
    assert(
      property(edits, (parts) => {
        const text = edit(parts);
        const own = strict(text);
        const other = builtIn(text);
        if (!own.refused) {
          expect(other).toEqual(own);
        } else if (!other.refused) {
          // What is refused beyond JSON.parse has a name twice, or an escape that is half a pair.
          const duplicates = namesWritten(text) > namesIn(other.value);
          expect(duplicates || /\\u[dD][89a-fA-F]/.test(text)).toBe(true);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  test('refuses every text in which a name stands twice, however it is written', () => {
    assert(
      property(
        tuple(string({ unit: 'grapheme', minLength: 1, maxLength: 6 }), values),
        ([name, value]) => {
          const plain = JSON.stringify(name);
          const escaped = Array.from({ length: name.length }, (_, at) => {
            return `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`;
          }).join('');
          const member = JSON.stringify(value);
          expect(strict(`{${plain}:${member},${plain}:${member}}`).refused).toBe(true);
          expect(strict(`{${plain}:${member},"${escaped}":${member}}`).refused).toBe(true);
          expect(strict(`[{"a":{${plain}:1,"x":2,${plain}:1}}]`).refused).toBe(true);
        },
      ),
      runs,
    );
  });

  test('refuses depth by the limit that it is given, to the level', () => {
    assert(
      property(
        tuple(integer({ min: 1, max: 60 }), integer({ min: 1, max: 60 })),
        ([depth, maxDepth]) => {
          const arrays = '['.repeat(depth) + ']'.repeat(depth);
          const objects = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
          for (const text of [arrays, objects]) {
            const { refused } = read((input) => parseJson(input, { maxDepth }), text);
            expect(refused).toBe(depth > maxDepth);
          }
        },
      ),
    );
  });
});

describe('scanJsonObject()', () => {
  test('tells where each member stands, exactly', () => {
    assert(
      property(tuple(values, values), ([first, second]) => {
        for (const space of [0, 2]) {
          const one = JSON.stringify(first, null, space);
          const two = JSON.stringify(second, null, space);
          const text = ` { "first" :${one} ,\n"second": ${two}\t}`;
          const { value, spans } = scanJsonObject(text);
          expect(value).toEqual(JSON.parse(text));
          expect(text.slice(...(spans.get('first') ?? []))).toBe(one);
          expect(text.slice(...(spans.get('second') ?? []))).toBe(two);
        }
      }),
      runs,
    );
  });
});

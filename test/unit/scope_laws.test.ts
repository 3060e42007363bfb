// The laws of `covers`: a partial order that agrees with matching strings one by one

import { assert, constantFrom, property, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coversAll, parseScope } from '../../src/authorize/covers.ts';
import { covers, isScope } from '../../src/index.ts';

const letters = ['a', 'b'];
const texts = (length: number): string[] =>
  length === 0
    ? ['']
    : texts(length - 1).flatMap((text) => [text, ...letters.map((letter) => text + letter)]);

/** Every string of up to five letters: longer than any pattern below, so that `*` has room. */
const universe: readonly string[] = [...new Set(texts(5))];

const patterns = [...new Set(texts(3))].flatMap((text) => [text, `${text}*`]).filter(Boolean);
const scopes: readonly string[] = ['r:x', 'r:y', 's:x'].flatMap((head) => [
  head,
  ...patterns.map((pattern) => `${head}:${pattern}`),
]);
const scope = constantFrom(...scopes);

/** Whether a scope allows one action on one named thing; `undefined`: the action on anything. */
function allows(text: string, resource: string, action: string, thing: string | undefined) {
  const parts = text.split(':');
  if (parts[0] !== resource || parts[1] !== action) return false;
  const pattern = parts[2];
  if (pattern === undefined) return true;
  if (thing === undefined) return false;
  return pattern.endsWith('*') ? thing.startsWith(pattern.slice(0, -1)) : thing === pattern;
}

/** `covers` by trying: whatever `asked` allows, `granted` allows too. */
function coversByMatching(granted: string, asked: string): boolean {
  const [resource = '', action = ''] = asked.split(':');
  return [undefined, ...universe].every(
    (thing) => !allows(asked, resource, action, thing) || allows(granted, resource, action, thing),
  );
}

describe('covers()', () => {
  test('is reflexive', () => {
    expect(scopes.filter((one) => !covers(one, one))).toEqual([]);
  });

  test('is transitive', () => {
    const law = property(tuple(scope, scope, scope), ([a, b, c]) => {
      return !(covers(a, b) && covers(b, c)) || covers(a, c);
    });
    assert(law, { numRuns: 20_000 });
  });

  test('is antisymmetric: two scopes that cover each other are one', () => {
    const law = property(
      tuple(scope, scope),
      ([a, b]) => !(covers(a, b) && covers(b, a)) || a === b,
    );
    assert(law, { numRuns: 20_000 });
  });

  test('agrees with matching every string, for every pair', () => {
    const wrong: string[] = [];
    for (const a of scopes) {
      for (const b of scopes) if (covers(a, b) !== coversByMatching(a, b)) wrong.push(`${a} ${b}`);
    }
    expect(wrong).toEqual([]);
  });

  test('holds for no malformed scope, on either side', () => {
    const law = property(tuple(scope, string({ maxLength: 12 })), ([good, other]) => {
      return (
        isScope(other) || (!covers(good, other) && !covers(other, good) && !covers(other, other))
      );
    });
    assert(law, { numRuns: 5000 });
  });

  test('never lets a list cover what no member covers', () => {
    const law = property(tuple(scope, scope, scope), ([a, b, asked]) => {
      return coversAll([a, b], [asked]) === (covers(a, asked) || covers(b, asked));
    });
    assert(law, { numRuns: 5000 });
  });

  test('takes bounded time over two long lists', () => {
    const list = (end: string): string[] =>
      Array.from({ length: 6000 }, (_, at) => `a:b:${at}${end}`);
    const began = performance.now();
    expect(coversAll(list('.*'), list('.x'))).toBe(true);
    // Eighteen million pairs: parsed anew for each, they take several seconds
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('parseScope()', () => {
  test('loses nothing: its parts make the same scope again', () => {
    const law = property(tuple(scope, string({ maxLength: 10 })), ([good, tail]) => {
      for (const text of [good, `r:x:${tail}`, tail]) {
        const parsed = parseScope(text);
        if (parsed === undefined) continue;
        const { resource, action, pattern, open } = parsed;
        const rest = pattern === undefined ? '' : `:${pattern}${open ? '*' : ''}`;
        expect(`${resource}:${action}${rest}`).toBe(text);
      }
    });
    assert(law, { numRuns: 5000 });
  });
});

// The laws of canonical base64url: one text for one sequence of bytes, and back

import { assert, property, string, stringMatching, tuple, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeBase64url,
  decodeBase64urlBinary,
  decodeBinaryText,
  decodeUtf8,
  encodeBase64url,
  isBase64url,
} from '../../src/token/base64url.ts';

const decodeBase64urlText = (text: string): string | undefined => {
  const binary = decodeBase64urlBinary(text);
  return binary === undefined ? undefined : decodeBinaryText(binary);
};

const bytes = uint8Array({ maxLength: 64 });
/** Texts of the alphabet and of a little more: about half of them are canonical. */
const texts = stringMatching(/^[A-Za-z0-9_-]{0,12}[=+/ ]?$/);
const runs = { numRuns: 5000 };

describe('decodeBase64url()', () => {
  test('takes back what encodeBase64url() made', () => {
    assert(
      property(bytes, (value) => {
        expect(decodeBase64url(encodeBase64url(value))).toEqual(value);
      }),
      runs,
    );
  });

  test('encodes as Node does', () => {
    assert(
      property(
        bytes,
        (value) => encodeBase64url(value) === Buffer.from(value).toString('base64url'),
      ),
      runs,
    );
  });

  test('reads only the one text that its bytes encode to', () => {
    assert(
      property(texts, (text) => {
        const decoded = decodeBase64url(text);
        return decoded === undefined || encodeBase64url(decoded) === text;
      }),
      runs,
    );
  });

  test('never reads two texts as the same bytes', () => {
    const seen = new Map<string, string>();
    const alphabet = Array.from('ABCDghwxyz019-_');
    for (const a of alphabet) {
      for (const b of alphabet) {
        for (const tail of ['', ...alphabet, '=', '==']) {
          const text = a + b + tail;
          const decoded = decodeBase64url(text);
          if (decoded === undefined) continue;
          const name = decoded.join(',');
          expect(seen.get(name) ?? text).toBe(text);
          seen.set(name, text);
        }
      }
    }
    expect(seen.size).toBeGreaterThan(500);
  });

  test('reads a text exactly where a lenient decoder gives the same text back', () => {
    assert(
      property(texts, (text) => {
        const lenient = Buffer.from(text, 'base64url').toString('base64url') === text;
        expect(isBase64url(text)).toBe(lenient);
        expect(decodeBase64url(text) !== undefined).toBe(lenient);
      }),
      runs,
    );
  });

  test('refuses whatever is outside the alphabet', () => {
    assert(
      property(tuple(texts, string({ minLength: 1, maxLength: 1 }), texts), ([a, odd, b]) => {
        return /[\w-]/.test(odd) || decodeBase64url(a + odd + b) === undefined;
      }),
      runs,
    );
  });
});

describe('decodeBase64urlText()', () => {
  test('agrees with decoding the bytes first', () => {
    assert(
      property(bytes, (value) => {
        const text = encodeBase64url(value);
        expect(decodeBase64urlText(text)).toBe(decodeUtf8(value));
      }),
      runs,
    );
    assert(
      property(string({ unit: 'grapheme' }), (value) => {
        const encoded = encodeBase64url(new TextEncoder().encode(value));
        expect(decodeBase64urlText(encoded)).toBe(value);
      }),
      runs,
    );
  });
});

// The envelope contract: a table of what is wrong, and the code that it gets

import { assert as assertLaw, constantFrom, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkDigest, checkTime, readEnvelope } from '../../worker/bus/envelope.ts';
import { readInstant } from '../../worker/bus/instant.ts';
import { makeEnvelope, sha256Hex } from '../support/envelopes.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const now = Date.parse('2026-10-01T12:00:00Z');
const good = await makeEnvelope({ ts: '2026-10-01T12:00:00Z', from: 'planner', ttl: 60 });

function codeOf(bytes: Uint8Array | string): string {
  const read = readEnvelope(typeof bytes === 'string' ? encode(bytes) : bytes);
  return read.ok ? 'accepted' : read.error;
}

/** The good envelope with one member's JSON text replaced. */
const set = (member: string, value: string): string => {
  const parsed = JSON.parse(good.text) as Record<string, unknown>;
  const texts = Object.entries(parsed).map(([name, was]) => [name, JSON.stringify(was)]);
  const members = [...texts.filter(([name]) => name !== member), [member, value]];
  return `{${members.map(([name, text]) => `"${name}":${text}`).join(',')}}`;
};

const drop = (member: string): string => {
  const { [member]: _gone, ...rest } = JSON.parse(good.text) as Record<string, unknown>;
  return JSON.stringify(rest);
};

describe('readEnvelope()', () => {
  test('reads a good one', () => {
    const read = readEnvelope(encode(good.text));
    expect(read.ok && read.value).toMatchObject({
      id: good.id,
      idAsSent: good.id,
      from: 'planner',
      to: 'worker-1',
      type: 'REQUEST',
      subject: 'review-code',
      nonce: good.nonce,
      sentAt: now,
      expiresAt: now + 60_000,
      body: good.text,
    });
  });

  test('takes 300 seconds for a missing ttl, and knows no sender without from', () => {
    const { from: _from, ttl: _ttl, ...rest } = JSON.parse(good.text) as Record<string, unknown>;
    const read = readEnvelope(encode(JSON.stringify(rest)));
    expect(read.ok && read.value).toMatchObject({ from: undefined, expiresAt: now + 300_000 });
  });

  test.each(['id', 'to', 'type', 'subject', 'payload', 'ts', 'nonce', 'sig'])(
    'refuses an envelope without %s',
    (member) => {
      expect(codeOf(drop(member))).toBe('message_malformed');
    },
  );

  const hex = (length: number): string => `"${'a'.repeat(length)}"`;

  test.each([
    ['an unknown member', set('priority', '1')],
    ['a member in capitals', set('FROM', '"planner"')],
    ['__proto__', set('__proto__', '{}')],
    ['id no UUID', set('id', '"1"')],
    ['id of version 1', set('id', '"6ba7b810-9dad-11d1-80b4-00c04fd430c8"')],
    ['id of another variant', set('id', '"6ba7b810-9dad-41d1-00b4-00c04fd430c8"')],
    ['id a number', set('id', '7')],
    ['from empty', set('from', '""')],
    ['from null', set('from', 'null')],
    ['from no agent id', set('from', '"../admin"')],
    ['to empty', set('to', '""')],
    ['to no agent id', set('to', '"a b"')],
    ['to a pattern', set('to', '"worker-*"')],
    ['to a list', set('to', '["worker-1"]')],
    ['type in small letters', set('type', '"request"')],
    ['type unknown', set('type', '"EVENT"')],
    ['subject empty', set('subject', '""')],
    ['subject with capitals', set('subject', '"Review"')],
    ['subject with a double hyphen', set('subject', '"a--b"')],
    ['subject with a hyphen at the end', set('subject', '"a-"')],
    ['subject with a line feed', set('subject', String.raw`"a\n"`)],
    ['subject of 65 characters', set('subject', hex(65))],
    ['payload null', set('payload', 'null')],
    ['payload a list', set('payload', '[]')],
    ['payload text', set('payload', '"{}"')],
    ['nonce of 15', set('nonce', hex(15))],
    ['nonce of 17', set('nonce', hex(17))],
    ['nonce no hex', set('nonce', '"zzzzzzzzzzzzzzzz"')],
    ['nonce a number', set('nonce', '1234567890123456')],
    ['ttl 0', set('ttl', '0')],
    ['ttl 3601', set('ttl', '3601')],
    ['ttl a fraction', set('ttl', '1.5')],
    ['ttl 1e400', set('ttl', '1e400')],
    ['ttl text', set('ttl', '"300"')],
    ['ttl null', set('ttl', 'null')],
    ['ttl negative', set('ttl', '-1')],
    ['sig of 63', set('sig', hex(63))],
    ['sig in capitals', set('sig', `"${'A'.repeat(64)}"`)],
    ['ts a number', set('ts', '1796126400')],
    ['ts local', set('ts', '"2026-10-01T12:00:00"')],
    ['RESPONSE without request_id', set('type', '"RESPONSE"')],
  ])('refuses %s', (_name, text) => {
    expect(codeOf(text)).toBe('message_malformed');
  });

  test.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['two objects', `${good.text}${good.text}`],
    ['a duplicate name', `${good.text.slice(0, -1)},"to":"admin"}`],
    ['a duplicate name by an escape', `${good.text.slice(0, -1)},"\\u0074o":"admin"}`],
    ['a comment', `${good.text} // x`],
    ['a byte order mark', `\u{FEFF}${good.text}`],
    ['NUL after the object', `${good.text}\u0000`],
    ['a lone surrogate in an escape', set('payload', String.raw`{"a":"\ud800"}`)],
    ['a payload too deep', set('payload', `{"a":${'['.repeat(32)}${']'.repeat(32)}}`)],
  ])('refuses %s', (_name, text) => {
    expect(codeOf(text)).toBe('message_malformed');
  });

  test.each([
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate half', [0xed, 0xa0, 0x80]],
    ['Latin-1', [0xe9]],
    ['a cut sequence', [0xe2, 0x82]],
  ])('refuses bytes that are no UTF-8: %s', (_name, bytes) => {
    const [before = '', after = ''] = set('payload', '{"a":"@"}').split('@');
    const sent = new Uint8Array([...encode(before), ...bytes, ...encode(after)]);
    expect(codeOf(sent)).toBe('message_malformed');
  });

  test('counts bytes, not characters: a message of 16,384 passes and one more does not', () => {
    const pad = (size: number): string => good.text + ' '.repeat(size - good.text.length);
    expect(codeOf(pad(16_384))).toBe('accepted');
    expect(codeOf(pad(16_385))).toBe('message_too_large');
  });

  test('counts the payload as sent: 14,336 bytes pass and one more does not', () => {
    const payload = (size: number): string => {
      const filler = 'ü'.repeat((size - 8) / 2) + 'x'.repeat(size % 2);
      return `{"a":"${filler}"}`;
    };
    expect(encode(payload(14_336))).toHaveLength(14_336);
    expect(codeOf(set('payload', payload(14_336)))).toBe('accepted');
    expect(codeOf(set('payload', payload(14_337)))).toBe('message_too_large');
  });

  test('takes a RESPONSE that names its request', () => {
    const response = set('type', '"RESPONSE"').replace(
      '"payload":{',
      '"payload":{"request_id":"r",',
    );
    expect(codeOf(response)).toBe('accepted');
  });

  test('knows two spellings of an id, or of a nonce, as the same', () => {
    const read = readEnvelope(encode(set('id', `"${good.id.toUpperCase()}"`)));
    expect(read.ok && read.value).toMatchObject({ id: good.id, idAsSent: good.id.toUpperCase() });
    const other = readEnvelope(encode(set('nonce', '"ABCDEFABCDEFABCD"')));
    expect(other.ok && other.value.nonce).toBe('abcdefabcdefabcd');
  });

  test('keeps every byte of what it was given', () => {
    assertLaw(
      property(
        string({ unit: 'grapheme', maxLength: 200 }),
        constantFrom('', ' ', '\n', '\t \r\n'),
        (text, space) => {
          const sent = encode(`${space}${set('payload', JSON.stringify({ text }))}${space}`);
          const read = readEnvelope(sent);
          expect(read.ok && encode(read.value.body)).toEqual(sent);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('checkDigest()', () => {
  const payloads = [
    '{}',
    '{ "n": 1.0, "m": 1e2, "k": -0 }',
    String.raw`{"a":"\u0041\/\u00e9"}`,
    '{"é":"\u2028","emoji":"🐝"}',
    '{\n\t"b" : [ 1 , 2 ]\r\n}',
    '{"sig":"x","payload":{"payload":1}}',
  ];

  test.each(payloads)('digests the bytes as sent: %j', async (payload) => {
    const { text } = await makeEnvelope({ payload });
    const read = readEnvelope(encode(text));
    if (!read.ok) throw new Error(read.error);
    expect(new TextDecoder().decode(read.value.payload)).toBe(payload);
    expect(await checkDigest(read.value)).toBeUndefined();
  });

  test('refuses the digest of the same value spelled otherwise', async () => {
    const sig = await sha256Hex('{"n":1}');
    const { text } = await makeEnvelope({ payload: '{"n":1.0}', sig });
    const read = readEnvelope(encode(text));
    if (!read.ok) throw new Error(read.error);
    expect(await checkDigest(read.value)).toBe('message_integrity');
  });
});

describe('checkTime()', () => {
  const at = (offset: number, ttl = 300): string | undefined => {
    const ts = new Date(now + offset).toISOString();
    const read = readEnvelope(encode(set('ts', `"${ts}"`).replace('"ttl":60', `"ttl":${ttl}`)));
    if (!read.ok) throw new Error(read.error);
    return checkTime(read.value, now);
  };

  test.each([
    [0, undefined],
    [60_000, undefined],
    [60_001, 'message_expired'],
    [-60_000, undefined],
    [-60_001, 'message_expired'],
  ])('with a ts that is %d ms off', (offset, code) => {
    expect(at(offset)).toBe(code);
  });

  test('counts the ttl from ts, to the millisecond', () => {
    expect(at(-9_999, 10)).toBeUndefined();
    expect(at(-10_000, 10)).toBe('message_expired');
  });
});

describe('readInstant()', () => {
  test.each([
    ['2026-10-01T12:00:00Z', 0],
    ['2026-10-01T12:00:00.5Z', 500],
    ['2026-10-01T12:00:00.123456789Z', 123],
    ['2026-10-01T12:00:00+00:00', 0],
    ['2026-10-01T12:00:00.000001+00:00', 0],
  ])('reads %s', (text, milliseconds) => {
    expect(readInstant(text)).toBe(now + milliseconds);
  });

  test.each([
    '2026-10-01',
    '2026-10-01 12:00:00Z',
    '2026-10-01T12:00Z',
    '2026-10-01t12:00:00z',
    '2026-10-01T12:00:00+01:00',
    '2026-10-01T12:00:00-00:00',
    '2026-10-01T24:00:00Z',
    '2026-10-01T12:60:00Z',
    '2026-10-01T12:00:60Z',
    '2026-13-01T12:00:00Z',
    '2026-02-30T12:00:00Z',
    '2025-02-29T12:00:00Z',
    '2026-10-01T12:00:00.Z',
    '2026-10-01T12:00:00.0000000000Z',
    '20261001T120000Z',
    ' 2026-10-01T12:00:00Z',
    '2026-10-01T12:00:00Z\n',
    '+002026-10-01T12:00:00Z',
  ])('refuses %j', (text) => {
    expect(readInstant(text)).toBeUndefined();
  });
});

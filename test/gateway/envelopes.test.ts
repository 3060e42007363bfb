// Sending: every rule of the envelope over real HTTP, what it is refused with, and that nothing is stored

import { afterAll, describe, expect, test } from 'vitest';
import { makeEnvelope, makeNonce, sha256Hex, type EnvelopeOptions } from '../support/envelopes.ts';
import { startGateway } from '../support/gateway.ts';
import { callRaw, codeOf } from '../support/http.ts';
import { createSwarm } from '../support/swarm.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const { url } = gateway;
const { planner, agent, post, send, get, depthOf } = await createSwarm(gateway);

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

describe('a good envelope', () => {
  test('is accepted with its id, and delivered with its sender', async () => {
    const { id: to, token: reader } = await agent();
    const { id, text } = await makeEnvelope({ to, from: 'planner', ttl: 60 });
    const accepted = await post(text);
    expect(accepted.status).toBe(202);
    expect(JSON.parse(accepted.text)).toEqual({ id });
    const { status, text: answer, headers } = await get(reader);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    const { messages } = JSON.parse(answer) as { messages: Record<string, unknown>[] };
    expect(messages).toEqual([
      {
        lease_until: expect.any(Number) as number,
        sender: 'planner',
        via: [],
        message: JSON.parse(text) as unknown,
      },
    ]);
    const left = Number(messages[0]?.['lease_until']) - Date.now() / 1000;
    expect(left).toBeGreaterThan(25);
    expect(left).toBeLessThanOrEqual(30);
  });

  test('may leave out from and ttl: the sender is the presenter all the same', async () => {
    const { id: to, token: reader } = await agent();
    expect((await send({ to })).status).toBe(202);
    const { text } = await get(reader);
    expect(text).toContain('"sender":"planner"');
    expect(text).not.toContain('"from"');
  });

  test.each([
    '{ "n": 1.0, "m": 1E2, "k": -0, "big": 12345678901234567890 }',
    String.raw`{"a":"\u0041\/\u00e9\ud83d\udc1d","b":"\u0000"}`,
    '{"é":"\u2028\u2029\u{7f}","bee":"🐝","nfd":"e\u0301"}',
    '{\n\t"b" : [ 1 , 2 ]\r\n}',
    '{"__proto__":{"admin":true},"constructor":1}',
    '{"message":"{\\"sig\\":1}","sig":"x","payload":{}}',
    '{}',
  ])('is delivered byte for byte: %j', async (payload) => {
    const { id: to, token: reader } = await agent();
    const { text } = await makeEnvelope({ to, payload });
    const sent = ` \n${text}\r\n\t`;
    expect((await post(sent)).status).toBe(202);
    const response = await fetch(`${url}/bus/messages`, {
      headers: { authorization: `Bearer ${reader}` },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.includes(Buffer.from(`"message":${sent}}`))).toBe(true);
  });

  test('of the largest size is accepted, one byte more is not', async () => {
    const { id: to } = await agent();
    const payload = `{"a":"${'x'.repeat(14_336 - 8)}"}`;
    expect((await send({ to, payload })).status).toBe(202);
    const over = `{"a":"${'x'.repeat(14_336 - 7)}"}`;
    expect(codeOf(await send({ to, payload: over }))).toBe('413 message_too_large');
    const { text } = await makeEnvelope({ to });
    const pad = (size: number): string => text + ' '.repeat(size - text.length);
    expect((await post(pad(16_384))).status).toBe(202);
    const { text: another } = await makeEnvelope({ to });
    const large = another + ' '.repeat(16_385 - another.length);
    expect(codeOf(await post(large))).toBe('413 message_too_large');
    expect(await depthOf(to)).toBe(2);
  });
});

describe('a body', () => {
  test('is cut off at the cap, whatever Content-Length says', async () => {
    const answer = await callRaw(
      url,
      [
        'POST /bus/messages HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${planner}`,
        'Transfer-Encoding: chunked',
      ],
      // The body never ends: the answer must come all the same
      `8000\r\n${'x'.repeat(0x8000)}\r\n`,
    );
    expect(codeOf(answer)).toBe('413 message_too_large');
  });

  test.each([
    ['is missing', ''],
    ['is no JSON', 'hello'],
    ['is a list', '[]'],
    ['has a duplicate name', '{"id":1,"id":2}'],
    ['begins with a byte order mark', '\u{FEFF}{}'],
    ['is a form', 'access_token=abc&id=1'],
  ])('%s: it is refused', async (_name, body) => {
    expect(codeOf(await post(body))).toBe('400 message_malformed');
  });

  test('that is no UTF-8 is refused', async () => {
    const { text } = await makeEnvelope({ payload: '{"a":"@"}' });
    const bytes = Buffer.from(text);
    bytes[bytes.indexOf('@')] = 0xff;
    expect(codeOf(await post(new Uint8Array(bytes)))).toBe('400 message_malformed');
  });
});

describe('a bad envelope is refused and not stored', () => {
  test.each<[string, EnvelopeOptions, string]>([
    ['another’s from', { from: 'mallory' }, '403 sender_mismatch'],
    ['a wrong sig', { sig: 'a'.repeat(64) }, '400 message_integrity'],
    ['a stale ts', { ts: ago(61) }, '410 message_expired'],
    ['a ts of the future', { ts: ago(-300) }, '410 message_expired'],
    ['a ttl that is over', { ts: ago(5), ttl: 4 }, '410 message_expired'],
    ['ttl 0', { ttl: 0 }, '400 message_malformed'],
    ['ttl 3601', { ttl: 3601 }, '400 message_malformed'],
    [
      'an id of another version',
      { id: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' },
      '400 message_malformed',
    ],
    ['an unknown type', { type: 'EVENT' }, '400 message_malformed'],
    ['a subject in capitals', { subject: 'Review' }, '400 message_malformed'],
    ['a short nonce', { nonce: 'abc' }, '400 message_malformed'],
    ['a payload that is a list', { payload: '[]' }, '400 message_malformed'],
    ['a RESPONSE to nothing', { type: 'RESPONSE' }, '400 message_malformed'],
    ['a local ts', { ts: '2026-10-01T12:00:00' }, '400 message_malformed'],
  ])('%s', async (_name, options, code) => {
    const { id: to } = await agent();
    expect(codeOf(await send({ to, ...options }))).toBe(code);
    expect(await depthOf(to)).toBe(0);
  });

  test('a recipient that is no agent id', async () => {
    for (const to of ['../admin', '', 'a b', 'worker-*', '**']) {
      expect(codeOf(await send({ to }))).toBe('400 message_malformed');
    }
  });

  test('a sig over the same value in other bytes', async () => {
    const sig = await sha256Hex('{"n":1}');
    expect(codeOf(await send({ payload: '{"n":1.0}', sig }))).toBe('400 message_integrity');
  });

  test('and its nonce stays free', async () => {
    const { id: to } = await agent();
    const nonce = makeNonce();
    expect((await send({ to, nonce, sig: 'a'.repeat(64) })).status).toBe(400);
    expect((await send({ to, nonce })).status).toBe(202);
  });
});

// Sending: every rule of the envelope over real HTTP, what it is refused with, and that nothing is stored

import { afterAll, describe, expect, test } from 'vitest';
import { makeEnvelope, makeNonce, sha256Hex, type EnvelopeOptions } from '../support/envelopes.ts';
import { startGateway } from '../support/gateway.ts';
import { call, callRaw, codeOf, type Answer } from '../support/http.ts';
import { mintToken } from '../support/tokens.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const { url, otherUrl, issuer, key } = gateway;
const everything = 'bus:publish bus:receive bus:broadcast bus:veto bus:status';
const token = await mintToken(key, issuer, 'planner', everything);

const post = (body: string | Uint8Array<ArrayBuffer>, as = token, origin = url): Promise<Answer> =>
  call(`${origin}/bus/messages`, { method: 'POST', token: as, body });

const send = async (options: EnvelopeOptions, as = token): Promise<Answer> =>
  post((await makeEnvelope(options)).text, as);

let recipients = 0;
/** An agent that no other test writes to, with a token that receives. */
async function recipient(): Promise<{ readonly id: string; readonly token: string }> {
  const id = `worker-${++recipients}`;
  return { id, token: await mintToken(key, issuer, id, 'bus:receive') };
}

const receive = (as: string, query = ''): Promise<Answer> =>
  call(`${url}/bus/messages${query}`, { token: as });

const depthOf = async (id: string): Promise<number> => {
  const { text } = await call(`${url}/bus/status?agent=${id}`, { token });
  const { queued, leased } = JSON.parse(text) as { queued: number; leased: number };
  return queued + leased;
};

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

describe('a good envelope', () => {
  test('is accepted with its id, and delivered with its sender', async () => {
    const { id: to, token: reader } = await recipient();
    const { id, text } = await makeEnvelope({ to, from: 'planner', ttl: 60 });
    const accepted = await post(text);
    expect(accepted.status).toBe(202);
    expect(JSON.parse(accepted.text)).toEqual({ id });
    const { status, text: answer, headers } = await receive(reader);
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
    const { id: to, token: reader } = await recipient();
    expect((await send({ to })).status).toBe(202);
    const { text } = await receive(reader);
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
    const { id: to, token: reader } = await recipient();
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
    const { id: to } = await recipient();
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
        `Authorization: Bearer ${token}`,
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
    ['a ts of the future', { ts: ago(-62) }, '410 message_expired'],
    ['a ttl that is over', { ts: ago(5), ttl: 4 }, '410 message_expired'],
    ['ttl 0', { ttl: 0 }, '400 message_malformed'],
    ['ttl 3601', { ttl: 3601 }, '400 message_malformed'],
    [
      'an id of another version',
      { id: crypto.randomUUID().replace(/-4/, '-1') },
      '400 message_malformed',
    ],
    ['an unknown type', { type: 'EVENT' }, '400 message_malformed'],
    ['a subject in capitals', { subject: 'Review' }, '400 message_malformed'],
    ['a short nonce', { nonce: 'abc' }, '400 message_malformed'],
    ['a payload that is a list', { payload: '[]' }, '400 message_malformed'],
    ['a RESPONSE to nothing', { type: 'RESPONSE' }, '400 message_malformed'],
    ['a local ts', { ts: '2026-10-01T12:00:00' }, '400 message_malformed'],
  ])('%s', async (_name, options, code) => {
    const { id: to } = await recipient();
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
    const { id: to } = await recipient();
    const nonce = makeNonce();
    expect((await send({ to, nonce, sig: 'a'.repeat(64) })).status).toBe(400);
    expect((await send({ to, nonce })).status).toBe(202);
  });
});

describe('once', () => {
  test('the same message again is accepted and delivered once, in whichever isolate', async () => {
    const { id: to, token: reader } = await recipient();
    const { id, text } = await makeEnvelope({ to });
    for (const origin of [url, otherUrl, url]) {
      const answer = await post(text, token, origin);
      expect(answer.status).toBe(202);
      expect(JSON.parse(answer.text)).toEqual({ id });
    }
    const { messages } = JSON.parse((await receive(reader)).text) as { messages: unknown[] };
    expect(messages).toHaveLength(1);
    const acknowledged = await call(`${url}/bus/messages/${id}`, {
      method: 'DELETE',
      token: reader,
    });
    expect(acknowledged.status).toBe(204);
    expect((await post(text)).status).toBe(202);
    expect((await receive(reader)).text).toBe('{"messages":[]}');
  });

  test('a used nonce, or a used id, with anything else is a replay', async () => {
    const { id: to } = await recipient();
    const { id, nonce, text } = await makeEnvelope({ to });
    expect((await post(text)).status).toBe(202);
    const replays: EnvelopeOptions[] = [
      { to, nonce },
      { to, nonce: nonce.toUpperCase() },
      { to, id },
      { to, id: id.toUpperCase() },
      { to, id, nonce },
      { to: 'worker-99', nonce },
      { to: '*', nonce },
    ];
    for (const replay of replays) expect(codeOf(await send(replay))).toBe('409 message_replayed');
    expect(codeOf(await post(`${text} `))).toBe('409 message_replayed');
    expect(await depthOf(to)).toBe(1);
  });

  test('another sender may use the same nonce', async () => {
    const { id: to } = await recipient();
    const nonce = makeNonce();
    const second = await mintToken(key, issuer, 'second', 'bus:publish');
    expect((await send({ to, nonce })).status).toBe(202);
    expect((await send({ to, nonce }, second)).status).toBe(202);
  });

  test('of 50 messages with one nonce, sent at once through two isolates, one is stored', async () => {
    const { id: to } = await recipient();
    const nonce = makeNonce();
    const made = await Promise.all(Array.from({ length: 50 }, () => makeEnvelope({ to, nonce })));
    const answers = await Promise.all(
      made.map(({ text }, at) => post(text, token, at % 2 === 0 ? url : otherUrl)),
    );
    const codes = answers.map((answer) => codeOf(answer));
    expect(codes.filter((code) => code === '202')).toHaveLength(1);
    expect(codes.filter((code) => code === '409 message_replayed')).toHaveLength(49);
    expect(await depthOf(to)).toBe(1);
  });

  test('what is stored survives the eviction of every object', async () => {
    const { id: to, token: reader } = await recipient();
    const { nonce, text } = await makeEnvelope({ to });
    await post(text);
    await gateway.evict('Mailbox', to);
    await gateway.evict('Agent', 'planner');
    expect((await post(text)).status).toBe(202);
    expect(codeOf(await send({ to, nonce }))).toBe('409 message_replayed');
    const { messages } = JSON.parse((await receive(reader)).text) as { messages: unknown[] };
    expect(messages).toHaveLength(1);
  });
});

describe('scopes', () => {
  const as = (scope: string): Promise<string> => mintToken(key, issuer, 'scoped', scope);
  const answerTo: EnvelopeOptions = { type: 'RESPONSE', payload: '{"request_id":"r-1"}' };

  test.each<[string, EnvelopeOptions, string]>([
    ['bus:publish', {}, '202'],
    ['bus:publish', answerTo, '202'],
    ['bus:publish', { type: 'HEARTBEAT' }, '202'],
    ['bus:publish', { type: 'BROADCAST' }, '202'],
    ['bus:receive', {}, '403 scope_insufficient'],
    ['', {}, '403 scope_insufficient'],
    ['bus:publish', { type: 'VETO' }, '403 scope_insufficient'],
    ['bus:publish bus:veto', { type: 'VETO' }, '202'],
    ['bus:veto', { type: 'VETO' }, '403 scope_insufficient'],
    ['bus:publish', { to: '*', type: 'BROADCAST' }, '403 scope_insufficient'],
    ['bus:publish', { to: '*', type: 'REQUEST' }, '403 scope_insufficient'],
    ['bus:publish bus:broadcast', { to: '*', type: 'REQUEST' }, '202'],
    ['bus:publish bus:broadcast', { to: '*', type: 'VETO' }, '403 scope_insufficient'],
    ['bus:publish bus:broadcast bus:veto', { to: '*', type: 'VETO' }, '202'],
    ['bus:publish:team-a-*', { subject: 'team-a-news' }, '202'],
    ['bus:publish:team-a-*', { subject: 'team-b-news' }, '403 scope_insufficient'],
    ['bus:publish:team-a', { subject: 'team-a-news' }, '403 scope_insufficient'],
    [
      'bus:publish bus:veto:team-a-*',
      { type: 'VETO', subject: 'team-b' },
      '403 scope_insufficient',
    ],
    ['bus:publish bus:broadcast:team-a-*', { to: '*', subject: 'team-a-x' }, '202'],
    ['bus:publish bus:broadcast:team-a-*', { to: '*', subject: 'other' }, '403 scope_insufficient'],
  ])('%j for %j', async (scope, options, code) => {
    const scopeClaim = scope === '' ? { claims: { scope: undefined } } : {};
    const token_ = await mintToken(key, issuer, 'scoped', scope, scopeClaim);
    const answer = await send({ to: 'sink', ...options }, token_);
    expect(codeOf(answer)).toBe(code);
  });

  test('an agent without the scope is refused before its body is read', async () => {
    const answer = await post('not an envelope', await as('bus:receive'));
    expect(codeOf(answer)).toBe('403 scope_insufficient');
    expect(answer.headers.get('www-authenticate')).toContain('scope="bus:publish"');
  });

  test('a delegate sends as its subject only with bus:represent', async () => {
    const delegate = (scope: string): Promise<string> =>
      mintToken(key, issuer, 'alice', scope, {
        claims: {
          act: { sub: 'bob' },
          client_id: 'bob',
          dlg: [{ iss: issuer, jti: 'p', scope, iat: Math.floor(Date.now() / 1000) - 1 }],
        },
      });
    const { id: to, token: reader } = await recipient();
    const plain = await delegate('bus:publish');
    expect((await send({ to, from: 'bob' }, plain)).status).toBe(202);
    expect(codeOf(await send({ to, from: 'alice' }, plain))).toBe('403 scope_insufficient');
    expect(codeOf(await send({ to, from: 'carol' }, plain))).toBe('403 sender_mismatch');
    const representing = await delegate('bus:publish bus:represent');
    expect((await send({ to, from: 'alice' }, representing)).status).toBe(202);
    const { messages } = JSON.parse((await receive(reader)).text) as {
      messages: { sender: string; via: string[] }[];
    };
    expect(messages.map(({ sender, via }) => ({ sender, via }))).toEqual([
      { sender: 'bob', via: ['bob'] },
      { sender: 'bob', via: ['bob'] },
    ]);
  });
});

// The laws of the reader of plain claims: what it reads is what the strict parser reads, and it reads what the issuer writes.

import { assert, integer, option, property, record, string, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { createIssuer, generateSigningKey, parseJson } from '../../src/index.ts';
import { decodeBase64urlBinary } from '../../src/token/base64url.ts';
import { readPlainClaims } from '../../src/token/plain_claims.ts';

const runs = { numRuns: 3000 };
const text = string({ maxLength: 8, unit: 'binary' });
const time = integer({ min: -1, max: 4_000_000_000 });

/** Claims in the issuer's layout, whatever stands in them; absent members are left out by JSON. */
const laidOut = record({
  iss: text,
  aud: text,
  sub: text,
  client_id: text,
  iat: time,
  exp: time,
  jti: text,
  sid: option(text, { nil: undefined }),
  tier: text,
  scope: option(text, { nil: undefined }),
  cnf: option(record({ jkt: text }), { nil: undefined }),
  dlg_max: option(integer({ min: 0, max: 12 }), { nil: undefined }),
  status: option(record({ status_list: record({ idx: time, uri: text }) }), { nil: undefined }),
}).map((claims) => JSON.stringify(claims));

const plain =
  '{"iss":"a","aud":"b","sub":"c","client_id":"c","iat":1,"exp":2,"jti":"d","sid":"e","tier":"f","scope":"g:h","cnf":{"jkt":"i"},"dlg_max":1,"status":{"status_list":{"idx":3,"uri":"j"}}}';

/** The same claims in the same order, or nothing. */
function agrees(json: string): boolean {
  const read = readPlainClaims(json);
  if (read === undefined) return true;
  expect(JSON.stringify(read)).toBe(JSON.stringify(parseJson(json)));
  return true;
}

test('readPlainClaims() reads what the strict parser reads, in the same order', () => {
  assert(property(laidOut, agrees), runs);
  expect(readPlainClaims(plain)).toEqual(parseJson(plain));
});

test('readPlainClaims() reads no text that was edited otherwise than the strict parser', () => {
  const edits = tuple(integer({ min: 0, max: plain.length }), integer({ min: 0, max: 3 }), text);
  assert(
    property(edits, ([at, gone, put]) => agrees(plain.slice(0, at) + put + plain.slice(at + gone))),
    runs,
  );
});

test.each([
  ['a name twice', plain.replace('"sid"', '"jti"')],
  ['a member more', plain.replace('"sid":"e"', '"sid":"e","sid":"e"')],
  ['an escape', plain.replace('"a"', '"\\u0061"')],
  ['a letter beyond ASCII', plain.replace('"a"', '"\xe4"')],
  ['a control character', plain.replace('"a"', '"\n"')],
  ['a number that begins with 0', plain.replace('"iat":1', '"iat":01')],
  ['a number past what a double holds', plain.replace('"iat":1', '"iat":9007199254740993')],
  ['something after its end', `${plain}\n`],
])('readPlainClaims() leaves %s to the strict parser', (_what, json) => {
  expect(readPlainClaims(json)).toBeUndefined();
});

test('readPlainClaims() reads what createIssuer() writes', async () => {
  const issuer = createIssuer({ key: await generateSigningKey() });
  const request = { sub: 'planner', tier: 'fast', scope: ['bus:publish', 'bus:receive'] };
  const jkt = 'A'.repeat(43);
  const status = { status_list: { idx: 7, uri: 'https://gate.example/status/1' } };
  for (const more of [
    {},
    { sid: 'session' },
    { scope: [] },
    { sid: 'session', cnf: { jkt }, dlgMax: 2, status },
  ]) {
    const token = await issuer.issueAgentToken({ ...request, ...more });
    expect(readPlainClaims(decodeBase64urlBinary(token.split('.')[1] ?? '') ?? '')).toBeDefined();
  }
});

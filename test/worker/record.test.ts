// Records: text from outside is harmless in them, and traces are continued only where they are well-formed

import { describe, expect, test } from 'vitest';
import { clean } from '../../worker/observe/clean.ts';
import { clientWho } from '../../worker/observe/decision.ts';
import { draftOf } from '../../worker/observe/record.ts';
import { traceOf, traceparentOf } from '../../worker/observe/trace.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';

describe('clean()', () => {
  test.each([
    ['a\r\nb', String.raw`a\u{d}\u{a}b`],
    ['\u001b[31m', String.raw`\u{1b}[31m`],
    ['\u202egpj', String.raw`\u{202e}gpj`],
    [String.raw`\u{a}`, String.raw`\u{5c}u{a}`],
    ['\ud800', String.raw`\u{d800}`],
    ['é😀', String.raw`\u{e9}\u{1f600}`],
    ['%n${x}"', '%n${x}"'],
    ['x'.repeat(1_000_000), `${'x'.repeat(128)}...`],
  ])('makes %j harmless', (text, expected) => {
    expect(clean(text)).toBe(expected);
  });
});

test('draftOf() cleans every text that comes from outside', () => {
  const evil = '\u202e\n';
  const hop = {
    issuer: evil,
    tokenId: evil,
    sessionId: evil,
    agentIds: [evil],
    keyThumbprint: evil,
    jkt: evil,
  };
  const actor = { agentId: evil, authenticated: false, jkt: evil };
  const who = clientWho(evil, evil, { ...hop, hops: [hop, hop], actors: [actor] });
  const draft = draftOf({
    at: 1.5,
    via: 'http',
    trace: traceOf(null),
    route: evil,
    method: evil,
    who,
    action: evil,
    resource: evil,
    allowed: false,
    code: evil,
    status: 400,
  });
  expect(draft).toMatch(/^[\x20-\x7e]+$/);
  const entry = JSON.parse(`{${draft}}`) as { readonly hops: readonly unknown[] };
  // As it is read again: in the one spelling that a log has
  expect(`{${draft}}`).toBe(JSON.stringify(entry));
  expect(entry.hops).toHaveLength(2);
});

describe('traceOf()', () => {
  test('continues a trace, and is the parent of what is forwarded', () => {
    const trace = traceOf(`00-${traceId}-${parentId}-01`);
    expect(trace).toMatchObject({ traceId, parentId, sampled: true });
    expect(traceparentOf(trace)).toBe(`00-${traceId}-${trace.spanId}-01`);
    expect(trace.spanId).not.toBe(parentId);
    expect(traceOf(`cc-${traceId}-${parentId}-00-more`)).toMatchObject({ traceId, sampled: false });
  });

  test.each([
    null,
    '',
    `00-${traceId}-${parentId}`,
    `00-${traceId}-${parentId}-01-more`,
    `ff-${traceId}-${parentId}-01`,
    `00-${traceId.toUpperCase()}-${parentId}-01`,
    `00-${'0'.repeat(32)}-${parentId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId}-${parentId}-01, 00-${traceId}-${parentId}-01`,
    `00-${traceId}-${parentId}-01-${'x'.repeat(1000)}`,
  ])('begins a trace where the header is %j', (header) => {
    const trace = traceOf(header);
    expect(trace).toMatchObject({ parentId: undefined, sampled: false });
    expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(trace.traceId).not.toBe(traceId);
  });
});

// The newest end of the audit log: what a page begins with that was just opened

import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilRecorded } from '../support/audit.ts';
import { codeOf } from '../support/http.ts';
import { signIn, startOperated, type Caller, type OperatedGateway } from '../support/operator.ts';

let gateway: OperatedGateway;
let operator: Caller;

beforeAll(async () => {
  gateway = await startOperated({ variables: { AUDIT_SHARDS: '1' } });
  operator = await signIn(gateway.url, gateway.operator);
});

afterAll(() => gateway.stop());

interface Line {
  readonly kind: string;
  readonly seq?: number;
  readonly after?: string;
}

async function page(query: string): Promise<readonly Line[]> {
  const { status, text } = await operator.send('GET', `/admin/audit?${query}`);
  expect(status).toBe(200);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

const numbers = (lines: readonly Line[]): number[] =>
  lines.flatMap(({ kind, seq = 0 }) => (kind === 'record' ? [seq] : []));

test('a page can begin near the end, and the pages after it go on without a gap', async () => {
  for (let each = 0; each < 6; each++) await operator.send('GET', '/admin/keys');
  await untilRecorded(operator, (records) => records.length >= 7);
  const newest = await page('last=3&limit=1000');
  const first = numbers(newest)[0] ?? 0;
  expect(first).toBeGreaterThan(1);
  expect(numbers(newest).length).toBeGreaterThanOrEqual(3);
  const last = numbers(newest).at(-1) ?? 0;
  await operator.send('GET', '/admin/keys');
  await untilRecorded(operator, (records) => records.length > last);
  const after = encodeURIComponent(newest.at(-1)?.after ?? '');
  expect(numbers(await page(`after=${after}`))[0]).toBe(last + 1);
});

test('a page that begins near the end of a short log begins at its first record', async () => {
  expect(numbers(await page('last=1000&limit=1'))).toEqual([1]);
});

test.each(['last=0', 'last=1001', 'last=x', 'last=2&last=3', 'last=2&after=0'])(
  'a page is not read for %s',
  async (query) => {
    const answer = await operator.send('GET', `/admin/audit?${query}`);
    expect(codeOf(answer)).toBe('400 parameter_malformed');
  },
);

// Attacks on the audit log from outside: text that wants to be a line, cursors that were tampered with, operators that are no more

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  auditObjects,
  exportAudit,
  recordsOf,
  untilRecorded,
  verifyLines,
} from '../support/audit.ts';
import { call, codeOf } from '../support/http.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { signIn, startOperated, type Caller, type OperatedGateway } from '../support/operator.ts';
import { mintToken } from '../support/tokens.ts';

const metricsToken = 'scraper-0123456789-0123456789-0123456789';
let gateway: OperatedGateway;
let operator: Caller;
beforeAll(async () => {
  const variables = { METRICS_TOKEN: metricsToken };
  gateway = await startOperated({ objects: await auditObjects(), variables });
  operator = await signIn(gateway.url, gateway.operator);
});
afterAll(() => gateway.stop());

const forged = `{"kind":"record","shard":0,"seq":1,"decision":"allow","agent":"operator"}`;

test('text of agents makes no line, ends none, and changes none', async () => {
  const { url, issuer, key } = gateway;
  const texts = [
    `\n${forged}\n`,
    `","decision":"allow","x":"`,
    `\\u000a${forged}`,
    `"}\r\n${forged}`,
    `\u2028${forged}\u2029`,
    `","hash":"${'A'.repeat(43)}"}`,
  ];
  for (const text of texts) {
    // As an id of a path, of a token, of a session, of a trace, of a message, of a client
    await operator.send('GET', `/admin/agents/${encodeURIComponent(text)}`);
    await operator.send('DELETE', `/admin/enrollments/${encodeURIComponent(text)}`);
    const claims = { jti: text.slice(0, 100), sid: text.slice(0, 100) };
    const token = await mintToken(key, issuer, 'planner', 'bus:publish', { claims });
    await call(`${url}/whoami`, { token });
    const { text: body } = await makeEnvelope({ to: 'coder', id: text, subject: text });
    await call(`${url}/bus/messages`, { method: 'POST', token, body });
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: text });
    await call(`${url}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    });
  }
  await operator.send('GET', '/admin/agents/the-last-one');
  const lines = await untilRecorded(operator, (records) =>
    records.some(({ resource }) => resource === 'the-last-one'),
  );
  expect(lines).not.toContain(forged);
  for (const line of lines) expect(line).toMatch(/^\{[\x20-\x7e]+\}$/);
  for (const { agent } of recordsOf(lines)) expect(agent).not.toBe(forged);
  expect(await verifyLines(gateway.url, lines)).toMatchObject({ ok: true, losses: [], faults: 0 });
  const { text } = await call(`${gateway.url}/metrics`, { token: metricsToken });
  expect(text).toContain('swarmgate_decisions_total{');
  expect(text).not.toContain('kind');
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(?:# (?:HELP|TYPE) [a-z_]+ .*|[a-z_]+(?:\{[^\\]*\})? [\d.e+-]+)$/);
  }
});

describe('a cursor', () => {
  const read = (after: string) => operator.send('GET', `/admin/audit?limit=5&after=${after}`);

  test.each([
    '1.0-0.0-0.0-0.0-0%0a1',
    '-1.0-0',
    '1e3.0-0',
    '1.0-0.',
    '1..0-0',
    '0x1.0-0',
    `1${'.0-0'.repeat(65)}`,
    `${'9'.repeat(16)}.0-0`,
    '1.1-1;drop table chunks',
    '%2e%2e',
  ])('%s is none', async (after) => {
    expect(codeOf(await read(after))).toBe('400 parameter_malformed');
  });

  test.each(['0.0-0.0-0.0-0.0-0', '999999999999999.999999999999999-999999999999999', '0', '1'])(
    '%s is a place, and shows no other log and no fault',
    async (after) => {
      const answer = await read(after);
      expect(['200', '409 cursor_expired']).toContain(codeOf(answer));
    },
  );

  test('with the places of two shards exchanged leaves out nothing unseen', async () => {
    const page = (await operator.send('GET', '/admin/audit?limit=40')).text.trimEnd().split('\n');
    const { after } = JSON.parse(page.pop() ?? '') as { after: string };
    const [manifest, first = '', second = '', ...others] = after.split('.');
    const exchanged = [manifest, second, first, ...others].join('.');
    const rest: string[] = [];
    for (let next: string | undefined = exchanged; next !== undefined;) {
      const lines = (await operator.send('GET', `/admin/audit?limit=1000&after=${next}`)).text
        .trimEnd()
        .split('\n');
      const cursor = JSON.parse(lines.pop() ?? '') as { after: string; more: boolean };
      rest.push(...lines);
      next = cursor.more ? cursor.after : undefined;
    }
    const report = await verifyLines(gateway.url, [...page, ...rest]);
    // Whoever tampers with a cursor cheats himself: the check of what he got says so
    expect(report.ok).toBe(first === second);
    expect((await exportAudit(operator)).length).toBeGreaterThan(page.length);
  });
});

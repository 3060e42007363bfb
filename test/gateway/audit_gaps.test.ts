// AUDIT=best-effort while the log is down: requests go on, and what was lost is named afterwards

import { expect, test } from 'vitest';
import {
  exportAudit,
  recordsOf,
  stoppedLog,
  untilRecorded,
  verifyLines,
} from '../support/audit.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { call } from '../support/http.ts';
import { signIn, startOperated } from '../support/operator.ts';
import { mintToken } from '../support/tokens.ts';

/** More than an isolate keeps: 4,000 records, and a batch of 500 that waits for its answer. */
const requests = 5000;

test('what an isolate could not keep is a gap that names its numbers, and nothing else is missing', async () => {
  const gateway = await startOperated({ objects: await stoppedLog() });
  try {
    const { url, issuer, key } = gateway;
    const token = await mintToken(key, issuer, 'planner', 'bus:publish');
    const stop = await makeEnvelope({ to: 'coder', subject: 'the-log-stops' });
    const sent = { method: 'POST', token, body: stop.text };
    expect((await call(`${url}/bus/messages`, sent)).status).toBe(202);
    let left = requests;
    const statuses = new Set<number>();
    const ask = async (): Promise<void> => {
      while (left-- > 0) statuses.add((await call(`${url}/whoami`, { token })).status);
    };
    await Promise.all(Array.from({ length: 32 }, ask));
    // Nobody waits for a record
    expect([...statuses]).toEqual([200]);

    const operator = await signIn(url, gateway.operator);
    // Whoever asks for figures lets this log go on
    expect((await operator.send('GET', '/admin/stats')).status).toBe(200);
    const lines = await untilRecorded(operator, (records) =>
      records.some(({ kind }) => kind === 'gap'),
    );
    const { ok, losses } = await verifyLines(url, lines);
    expect(ok).toBe(true);
    expect(losses).toHaveLength(1);
    const [{ from, to, writer } = { from: 0, to: 0, writer: '' }] = losses;
    expect(to - from + 1).toBeGreaterThanOrEqual(requests - 4500);
    // Every number of that isolate is there or in the gap
    const last = await untilRecorded(operator, (records) =>
      records.some(({ writer: by, n }) => by === writer && Number(n) > to + 3000),
    );
    const numbers = recordsOf(last)
      .filter(({ writer: by, kind }) => by === writer && kind !== 'gap')
      .map(({ n }) => Number(n));
    const known = new Set(numbers);
    const missing = Array.from({ length: Math.max(...numbers) }, (_, at) => at + 1).filter(
      (n) => !known.has(n) && (n < from || n > to),
    );
    expect(missing).toEqual([]);
    const { audit } = JSON.parse((await operator.send('GET', '/admin/stats')).text) as {
      audit: { gaps: number; lost: number };
    };
    expect(audit).toMatchObject({ gaps: 1, lost: to - from + 1 });
    await expect.poll(() => gateway.logs()).toContain('audit_batch_not_stored');
    expect((await exportAudit(operator)).length).toBeGreaterThanOrEqual(last.length);
  } finally {
    await gateway.stop();
  }
});

// The audit log of a running gateway: what is recorded, and that nothing of it can be changed unseen

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  auditObjects,
  exportAudit,
  recordsOf,
  untilRecorded,
  verifyLines,
  type AuditRecord,
} from '../support/audit.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { publicUrl } from '../support/gateway.ts';
import { call, codeOf } from '../support/http.ts';
import {
  publicJwkOf,
  signIn,
  startOperated,
  type Caller,
  type OperatedGateway,
} from '../support/operator.ts';
import { openBearer } from '../support/sockets.ts';
import { makeKey, mintToken } from '../support/tokens.ts';

let gateway: OperatedGateway;
let operator: Caller;
let planner: Caller;
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const metricsToken = 'scraper-0123456789-0123456789-0123456789';
const secrets: string[] = [];

beforeAll(async () => {
  const variables = { METRICS_TOKEN: metricsToken };
  gateway = await startOperated({ objects: await auditObjects(), variables });
  const { url } = gateway;
  operator = await signIn(url, gateway.operator);
  const key = await makeKey();
  const agent = { id: 'planner', tier: 'fast', scope: ['bus:publish', 'bus:receive'] };
  await operator.send('POST', '/admin/agents', { ...agent, jwk: publicJwkOf(key) });
  planner = await signIn(url, { id: 'planner', key });
  secrets.push(operator.token, planner.token);
});

afterAll(() => gateway.stop());

const named =
  (wanted: Readonly<Record<string, unknown>>) =>
  (record: AuditRecord): boolean =>
    Object.entries(wanted).every(([name, value]) => record[name] === value);

async function recorded(wanted: Readonly<Record<string, unknown>>): Promise<AuditRecord> {
  const lines = await untilRecorded(operator, (records) => records.some(named(wanted)));
  return recordsOf(lines).find(named(wanted)) ?? {};
}

const shardOf = (line: string): number | undefined => {
  const { kind, shard } = JSON.parse(line) as { kind: string; shard?: number };
  return kind === 'record' || kind === 'summary' ? shard : undefined;
};

/** The shard with the most entries, and where they stand. */
function busiest(lines: readonly string[]): { readonly shard: number; readonly places: number[] } {
  const found = [0, 1, 2, 3].map((shard) => ({
    shard,
    places: lines.flatMap((line, at) => (shardOf(line) === shard ? [at] : [])),
  }));
  const [first = { shard: 0, places: [] }] = found.toSorted(
    (a, b) => b.places.length - a.places.length,
  );
  if (first.places.length < 6) throw new Error('The log is too short');
  return first;
}

/** Ways to tamper with a log, and what must be found. */
const tampered: readonly (readonly [string, string, (lines: string[]) => string[]])[] = [
  ['changed', 'record_changed', (lines) => lines.map((line) => line.replace('"deny"', '"allow"'))],
  ['deleted', 'record_missing', (lines) => lines.toSpliced(busiest(lines).places[3] ?? -1, 1)],
  [
    'moved',
    'record_order',
    (lines) => {
      const [, , , one = 0, other = 0] = busiest(lines).places;
      return lines.with(one, lines[other] ?? '').with(other, lines[one] ?? '');
    },
  ],
  [
    'repeated',
    'record_repeated',
    (lines) => {
      const [, , , at = 0] = busiest(lines).places;
      return lines.toSpliced(at, 0, lines[at] ?? '');
    },
  ],
  [
    'cut',
    'tail_missing',
    (lines) => {
      const { places } = busiest(lines);
      return lines.filter((_line, at) => !places.slice(3).includes(at));
    },
  ],
  [
    'a shard taken out',
    'shard_missing',
    (lines) => {
      const { shard } = busiest(lines);
      return lines.filter((line) => !line.includes(`"shard":${shard},`));
    },
  ],
];

describe('the audit log', () => {
  test('names agent, token, key, action, resource and trace of what was allowed', async () => {
    const { text } = await makeEnvelope({ to: 'coder', subject: 'first-task' });
    const { key, token } = { key: planner, token: planner.token };
    expect((await key.send('POST', '/bus/messages', text)).status).toBe(202);
    const record = await recorded({ resource: 'first-task' });
    const claims = JSON.parse(atob(token.split('.')[1] ?? '')) as Record<string, unknown>;
    expect(record).toMatchObject({
      kind: 'record',
      via: 'http',
      route: '/bus/messages',
      method: 'POST',
      action: 'bus:publish',
      decision: 'allow',
      agent: 'planner',
      subject: 'planner',
      issuer: publicUrl,
      token: claims['jti'],
      session: claims['sid'],
    });
    expect(record['key']).toMatch(/^[\w-]{43}$/);
    expect(record['jkt']).toMatch(/^[\w-]{43}$/);
    expect(record['trace']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('names the reason of what was refused, goes on with the trace, and believes no token that does not verify', async () => {
    const forged = await mintToken(await makeKey(), publicUrl, 'mallory', 'bus:publish');
    const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
    const answer = await call(`${gateway.url}/whoami`, { token: forged, headers });
    expect(codeOf(answer)).toBe('401 key_unknown');
    const record = await recorded({ trace });
    expect(record).toMatchObject({ decision: 'deny', code: 'key_unknown', status: 401 });
    expect(record['span']).not.toBe('00f067aa0ba902b7');
    expect(JSON.stringify(record)).not.toContain('mallory');
  });

  test('names a verified agent that lacks a scope', async () => {
    expect(codeOf(await planner.send('GET', '/admin/agents'))).toBe('403 scope_insufficient');
    expect(await recorded({ code: 'scope_insufficient' })).toMatchObject({
      agent: 'planner',
      route: '/admin/agents',
      decision: 'deny',
      status: 403,
    });
  });

  test('names what the authority issues, and what operators do', async () => {
    expect(await recorded({ action: 'token:issue', agent: 'planner' })).toMatchObject({
      route: '/token',
      decision: 'allow',
      subject: 'planner',
    });
    expect(await recorded({ action: 'admin:write', resource: 'planner' })).toMatchObject({
      agent: 'operator',
      route: '/admin/agents',
    });
    await call(`${gateway.url}/token`, { method: 'POST', body: 'grant_type=client_credentials' });
    expect(await recorded({ action: 'token:issue', decision: 'deny' })).toMatchObject({
      code: expect.stringMatching(/^invalid_/) as string,
    });
  });

  test('names the keys that the authority makes, and those that it takes out by itself', async () => {
    expect(await recorded({ route: 'key_ring', method: 'active' })).toMatchObject({
      via: 'authority',
      action: 'key:rotate',
      resource: expect.stringMatching(/^[\w-]{43}$/) as string,
    });
  });

  test('names what is asked for over a socket, frame by frame', async () => {
    const scope = 'bus:publish bus:receive:mine';
    const token = await mintToken(gateway.key, gateway.issuer, 'on-a-socket', scope);
    const socket = await openBearer(gateway.url, token);
    const { text } = await makeEnvelope({ to: 'coder', subject: 'over-a-socket' });
    socket.send(`{"type":"publish","ref":"1","message":${text}}`);
    expect((await socket.next())['type']).toBe('accepted');
    socket.send({ type: 'subscribe', subjects: ['others'] });
    expect((await socket.next())['code']).toBe('scope_insufficient');
    expect(await recorded({ resource: 'over-a-socket' })).toMatchObject({
      via: 'socket',
      route: '/bus/connect',
      method: 'publish',
      action: 'bus:publish',
      decision: 'allow',
      agent: 'on-a-socket',
    });
    expect(await recorded({ via: 'socket', code: 'scope_insufficient' })).toMatchObject({
      method: 'subscribe',
      resource: 'others',
      decision: 'deny',
    });
    socket.close();
  });

  test('takes a flood of unverified requests together, by reason', async () => {
    await Promise.all(Array.from({ length: 200 }, () => call(`${gateway.url}/nowhere`)));
    const about = (records: readonly AuditRecord[]): readonly AuditRecord[] =>
      records.filter(named({ code: 'route_unknown' }));
    const counted = (records: readonly AuditRecord[]): number =>
      about(records).reduce((sum, { count }) => sum + Number(count ?? 1), 0);
    // They may come in more than one batch
    const lines = await untilRecorded(operator, (records) => counted(records) >= 200);
    expect(counted(recordsOf(lines))).toBe(200);
    expect(about(recordsOf(lines)).some(named({ kind: 'summary' }))).toBe(true);
    expect(about(recordsOf(lines)).length).toBeLessThan(180);
  });

  test('escapes and cuts what comes from outside', async () => {
    const hostile = `${encodeURIComponent('\u202eevil\u001b[31m"\\')}${'x'.repeat(300)}`;
    await operator.send('GET', `/admin/agents/${hostile}`);
    const lines = await exportAudit(operator);
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]+$/);
  });

  test('holds no token, proof or key, and neither do logs and metrics', async () => {
    const metrics = await call(`${gateway.url}/metrics`, { token: metricsToken });
    expect(metrics.text).toContain('swarmgate_decisions_total{');
    const everything = [...(await exportAudit(operator)), gateway.logs(), metrics.text].join('\n');
    for (const secret of secrets) {
      expect(everything).not.toContain(secret);
      for (const part of secret.split('.').slice(1)) expect(everything).not.toContain(part);
    }
    // Statements of the log itself are the only compact JWS in it
    const jws = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
    const headers = [...everything.matchAll(jws)].map(
      ([text]) => JSON.parse(atob(text.split('.')[0] ?? '')) as { typ?: string },
    );
    expect(headers.length).toBeGreaterThan(0);
    for (const { typ } of headers)
      expect(typ).toMatch(/^swarmgate-audit-(?:checkpoint|manifest)\+jwt$/);
  });

  test('is whole as it is exported, in pages of any size', async () => {
    for (const limit of [1000, 7]) {
      const report = await verifyLines(gateway.url, await exportAudit(operator, limit));
      expect(report).toMatchObject({ ok: true, signed: true, losses: [] });
      expect(report.entries).toBeGreaterThan(10);
    }
  });

  test.each(tampered)('%s is found as %s', async (_how, code, tamper) => {
    const lines = await exportAudit(operator);
    const report = await verifyLines(gateway.url, tamper([...lines]));
    expect(report.ok).toBe(false);
    expect(new Set(report.findings.map((finding) => finding.code))).toEqual(new Set([code]));
  });

  test('is for operators with bound tokens', async () => {
    for (const path of ['/admin/audit', '/admin/stats', '/admin/events']) {
      expect(codeOf(await call(gateway.url + path))).toBe('401 token_missing');
      expect(codeOf(await planner.send('GET', path))).toBe('403 scope_insufficient');
    }
  });

  test.each(['limit=0', 'limit=1001', 'limit=2&limit=3', 'after=x', 'after=1.1', 'more=1'])(
    'refuses ?%s',
    async (query) => {
      const answer = await operator.send('GET', `/admin/audit?${query}`);
      expect(codeOf(answer)).toBe('400 parameter_malformed');
    },
  );
});

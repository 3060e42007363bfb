// What operators see while a gateway runs: figures, events, metrics

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditObjects, untilRecorded } from '../support/audit.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { publicUrl } from '../support/gateway.ts';
import { call, codeOf, type Answer } from '../support/http.ts';
import {
  publicJwkOf,
  signIn,
  startOperated,
  tokenOf,
  type Caller,
  type OperatedGateway,
} from '../support/operator.ts';
import { makeKey, mintProof, type TestKey } from '../support/tokens.ts';

const metricsToken = 'scraper-0123456789-0123456789-0123456789';
let gateway: OperatedGateway;
let operator: Caller;
let planner: Caller;
let key: TestKey;

beforeAll(async () => {
  gateway = await startOperated({
    objects: await auditObjects(),
    variables: { METRICS_TOKEN: metricsToken, TOKEN_SECONDS: '20' },
  });
  const { url } = gateway;
  operator = await signIn(url, gateway.operator);
  key = await makeKey();
  const agent = { id: 'planner', tier: 'fast', scope: ['bus:publish', 'metrics:read'] };
  await operator.send('POST', '/admin/agents', { ...agent, jwk: publicJwkOf(key) });
  planner = await signIn(url, { id: 'planner', key });
  for (let count = 0; count < 3; count++) {
    const { text } = await makeEnvelope({ to: 'coder' });
    const sent = await planner.send('POST', '/bus/messages', text);
    if (sent.status !== 202) throw new Error(`The message was refused: ${sent.text}`);
  }
  await call(`${url}/whoami`);
  await untilRecorded(operator, (records) => records.some(({ code }) => code === 'token_missing'));
  // Tokens live for seconds only: these begin anew
  operator = await signIn(url, gateway.operator);
  planner = await signIn(url, { id: 'planner', key });
});

afterAll(() => gateway.stop());

type Json = Readonly<Record<string, unknown>>;
const jsonOf = ({ text }: Answer): Json => JSON.parse(text) as Json;

describe('GET /admin/stats', () => {
  test('has the documented members, and numbers that match what was done', async () => {
    operator = await signIn(gateway.url, gateway.operator);
    const stats = jsonOf(await operator.send('GET', '/admin/stats'));
    expect(Object.keys(stats)).toEqual(
      'at agents_online per_second refusals wait key revocation_view audit buckets'.split(' '),
    );
    expect(stats).toMatchObject({
      agents_online: 2,
      refusals: { token_missing: 1 },
      key: { kid: expect.any(String) as string, age: expect.any(Number) as number },
      revocation_view: { age: expect.any(Number) as number },
      audit: { mode: 'best-effort', signed: true, shards: 4, gaps: 0, lost: 0 },
    });
    const buckets = stats['buckets'] as Json[];
    expect(buckets).toHaveLength(60);
    const total = (name: string): number =>
      buckets.reduce((sum, bucket) => sum + Number(bucket[name]), 0);
    expect(total('messages')).toBe(3);
    expect(total('decisions')).toBe(total('allowed') + total('refused'));
    const wait = stats['wait'] as Readonly<Record<string, Json>>;
    expect(Object.keys(wait)).toEqual(['view', 'admission', 'upstream', 'total']);
    expect(Number(wait['upstream']?.['count'])).toBeGreaterThanOrEqual(3);
  });
});

/** The samples of a scrape, by name and labels. */
const samplesOf = ({ text }: Answer): Map<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );

describe('GET /metrics', () => {
  test('is Prometheus text, for who knows METRICS_TOKEN or has metrics:read', async () => {
    planner = await signIn(gateway.url, { id: 'planner', key });
    const scraped = await call(`${gateway.url}/metrics`, { token: metricsToken });
    expect(scraped.status).toBe(200);
    expect(scraped.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const samples = samplesOf(scraped);
    expect(
      samples.get(
        'swarmgate_decisions_total{decision="allow",via="http",route="/bus/messages",method="POST",code="none"}',
      ),
    ).toBe(3);
    expect(samples.get('swarmgate_messages_total')).toBe(3);
    const count = samples.get('swarmgate_wait_seconds_count{stage="upstream"}');
    expect(samples.get('swarmgate_wait_seconds_bucket{stage="upstream",le="+Inf"}')).toBe(count);
    for (const value of samples.values()) expect(value).toBeGreaterThanOrEqual(0);
    expect((await planner.send('GET', '/metrics')).status).toBe(200);
  });

  test('refuses everybody else', async () => {
    const url = `${gateway.url}/metrics`;
    operator = await signIn(gateway.url, gateway.operator);
    expect(codeOf(await call(url))).toBe('401 token_missing');
    expect(codeOf(await call(url, { token: `${metricsToken}x` }))).toBe('400 token_malformed');
    expect(codeOf(await operator.send('GET', '/metrics'))).toBe('403 scope_insufficient');
  });

  test('has no label that a stranger chose', async () => {
    for (const path of ['/evil"}', '/whoami?evil', '/admin/agents/evil']) {
      await call(gateway.url + encodeURI(path), {
        method: 'GET',
        headers: { 'user-agent': 'evil' },
      });
    }
    await call(`${gateway.url}/whoami`, { method: 'EVIL' }).catch(() => undefined);
    const { text } = await call(`${gateway.url}/metrics`, { token: metricsToken });
    expect(text.toLowerCase()).not.toContain('evil');
  });
});

interface Received {
  readonly event: string;
  readonly data: Json;
}

/** Reads a stream to its end. */
async function* eventsOf(response: Response): AsyncGenerator<Received> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      if (name !== undefined && data !== undefined)
        yield { event: name, data: JSON.parse(data) as Json };
    }
  }
}

async function openEvents(query = ''): Promise<Response> {
  const token = await tokenOf(gateway.url, gateway.operator);
  const proof = await mintProof(gateway.operator.key, 'GET', `${publicUrl}/admin/events`, token);
  const headers = { authorization: `DPoP ${token}`, dpop: proof };
  return fetch(`${gateway.url}/admin/events${query}`, { headers });
}

describe('GET /admin/events', () => {
  test('sends figures and what is decided from now on, and ends when the token does', async () => {
    const response = await openEvents();
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const seen = new Set<string>();
    let end: unknown;
    let lines = '';
    let isAsked = false;
    for await (const { event, data } of eventsOf(response)) {
      seen.add(event);
      if (event === 'end') end = data['code'];
      if (event === 'records') lines += (data['lines'] as string[]).join('\n');
      if (isAsked || event !== 'stats') continue;
      isAsked = true;
      expect(data['buckets']).toBeUndefined();
      expect(codeOf(await call(`${gateway.url}/while-it-is-open`))).toBe('404 route_unknown');
    }
    expect(seen).toEqual(new Set(['stats', 'records', 'end']));
    expect(lines).toContain('"code":"route_unknown"');
    expect(end).toBe('token_expired');
  });

  test('ends within a second of a revocation', async () => {
    const response = await openEvents();
    const caller = await signIn(gateway.url, gateway.operator);
    let revokedAt = 0;
    let end: unknown;
    for await (const { event, data } of eventsOf(response)) {
      if (event === 'stats' && revokedAt === 0) {
        // The stream's own session: all of them are the operator's newest ones
        const sessions = jsonOf(await caller.send('GET', '/admin/agents/operator/sessions'));
        for (const { sid } of sessions['sessions'] as { sid: string }[]) {
          await caller.send('POST', '/admin/revocations', { kind: 'session', value: sid });
        }
        revokedAt = Date.now();
      }
      if (event === 'end') end = data['code'];
    }
    expect(end).toBe('token_revoked');
    expect(Date.now() - revokedAt).toBeLessThan(3000);
  });

  test('refuses a query that it does not know', async () => {
    expect((await openEvents('?after=x')).status).toBe(400);
    expect((await openEvents('?since=1')).status).toBe(400);
  });
});

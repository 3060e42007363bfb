// A server that answers the dashboard as a busy gateway would, with as many agents as are wanted.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const folder = new URL('../../dist/dashboard/', import.meta.url);
const types: Readonly<Record<string, string>> = {
  css: 'text/css',
  html: 'text/html',
  js: 'text/javascript',
  svg: 'image/svg+xml',
};
/** The gateway's own: what it costs counts. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

/** A server that runs. */
export interface DashboardServer {
  readonly url: string;
  /** Sends so many records a second to every stream from now on. */
  readonly load: (perSecond: number) => void;
  /** Records that were sent. */
  readonly sent: () => number;
  readonly stop: () => Promise<void>;
}

const seconds = (): number => Date.now() / 1000;

function stats(withBuckets: boolean): object {
  const wait = { count: 310, mean: 2.1, p50: 2, p99: 10 };
  const bucket = (at: number): object => ({
    at,
    seconds: 60,
    decisions: 1884,
    allowed: 1880,
    refused: 4,
    messages: 612,
    refusals: { token_expired: 4 },
    wait: {},
  });
  return {
    at: seconds(),
    agents_online: 9000,
    per_second: { decisions: 30 + Math.random(), messages: 10 + Math.random() },
    refusals: { token_expired: 240, rate_limited: 3 },
    wait: { view: wait, admission: wait, upstream: wait, total: wait },
    key: { kid: 'k', age: 100 },
    revocation_view: { age: 0.2 },
    audit: { mode: 'best-effort', signed: true, shards: 4, records: 1, gaps: 0, lost: 0 },
    ...(withBuckets
      ? { buckets: Array.from({ length: 60 }, (_, at) => bucket(seconds() - (59 - at) * 60)) }
      : {}),
  };
}

let sequence = 0;
const record = (): string =>
  JSON.stringify({
    kind: 'record',
    shard: 0,
    seq: ++sequence,
    at: seconds(),
    writer: 'w',
    route: '/bus/messages',
    action: 'bus:publish',
    resource: 'plan-task',
    decision: sequence % 50 === 0 ? 'deny' : 'allow',
    agent: `agent-${sequence % 500}`,
    subject: `agent-${sequence % 500}`,
    token: randomBytes(16).toString('hex'),
    hash: randomBytes(32).toString('base64url'),
  });

/** Starts it at a free port. */
export async function startDashboardServer(agents: number): Promise<DashboardServer> {
  const streams = new Set<ServerResponse>();
  let perSecond = 0;
  let url = '';

  const json = (response: ServerResponse, body: object): void => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  };

  function list(query: URLSearchParams): object {
    const from = Number(query.get('after') ?? '') || 0;
    const page = Array.from({ length: Math.min(100, agents - from) }, (_, at) => ({
      id: `agent-${String(from + at).padStart(5, '0')}`,
      tier: 'fast',
      disabled: (from + at) % 97 === 0,
      created_at: seconds() - 1000,
      last_seen: seconds() - at * 100,
    }));
    const next = from + page.length;
    return { agents: page, ...(next < agents ? { next: String(next) } : {}) };
  }

  function answer({ url: asked = '/' }: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(asked, url);
    if (pathname.startsWith('/dashboard/')) {
      const file = pathname === '/dashboard/' ? 'index.html' : pathname.slice('/dashboard/'.length);
      response.setHeader('content-type', types[file.split('.').at(-1) ?? ''] ?? '');
      response.setHeader('content-security-policy', policy);
      return void response.end(readFileSync(new URL(file, folder)));
    }
    if (pathname === '/admin/agents') return json(response, list(searchParams));
    if (pathname === '/admin/stats') return json(response, stats(true));
    if (pathname === '/enroll') {
      response.statusCode = 201;
      return json(response, { client_id: 'dashboard', issuer: url });
    }
    if (pathname === '/token') {
      const granted = { token_type: 'DPoP', expires_in: 900, scope: 'admin:read admin:write' };
      return json(response, { access_token: randomBytes(300).toString('base64url'), ...granted });
    }
    if (pathname === '/.well-known/oauth-authorization-server') {
      const endpoints = { token_endpoint: `${url}/token`, jwks_uri: `${url}/jwks` };
      return json(response, { issuer: url, ...endpoints, revocation_endpoint: `${url}/revoke` });
    }
    if (pathname === '/admin/audit') {
      return void response.end(`${JSON.stringify({ kind: 'cursor', after: '0', more: false })}\n`);
    }
    if (pathname === '/admin/events') {
      response.setHeader('content-type', 'text/event-stream');
      response.flushHeaders();
      streams.add(response);
      return void response.once('close', () => streams.delete(response));
    }
    response.statusCode = 404;
    return json(response, {});
  }

  let ticks = 0;
  const timer = setInterval(() => {
    const lines = Array.from({ length: perSecond }, record);
    const event = (name: string, data: object): string =>
      `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    ticks++;
    for (const stream of streams) {
      if (lines.length > 0) stream.write(event('records', { lines, after: String(sequence) }));
      if (ticks % 2 === 0) stream.write(event('stats', stats(false)));
    }
  }, 1000);
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    load: (wanted) => void (perSecond = wanted),
    sent: () => sequence,
    stop: async () => {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

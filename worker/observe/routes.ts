// The routes that show what is observed: the audit log and its keys, figures, events, metrics.

import type { RevocationSource } from '../../src/verify/index.ts';
import { refuse } from '../authority/http/refusal.ts';
import type { TokenReader } from '../authority/http/token_reader.ts';
import type { Bindings, Config } from '../env.ts';
import { publicDocument } from '../public_document.ts';
import { json } from '../respond.ts';
import type { Route } from '../route.ts';
import type { Prepared, Target } from '../target.ts';
import { createAuditKey, type AuditKey } from './audit_key.ts';
import { eventsTarget } from './events.ts';
import { nearEnd, readPage, type LogSource } from './export.ts';
import { serveMetrics } from './metrics_route.ts';
import { gatherStats, type StatsParts } from './stats.ts';

/** What the routes need. */
export interface ObserveParts {
  readonly config: Config;
  readonly bindings: Bindings;
  readonly tokens: Pick<TokenReader, 'present'>;
  readonly revocation: RevocationSource | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const maxLines = 1000;
const defaultLines = 200;
const keysMaxAge = 300;

/** The rows of what is observed. */
export function observeRoutes(parts: ObserveParts): readonly Route[] {
  const { config, bindings, now, revocation } = parts;
  const source: LogSource = { namespace: bindings.AUDIT_LOG, shards: config.audit.shards };
  const key = createAuditKey({
    config,
    keyRing: config.authority === undefined ? undefined : bindings.KEY_RING,
    now,
    askEvery: 10_000,
  });
  const stats: StatsParts = { config, bindings, revocation, source, now };
  const forOperators = { scope: 'admin:read', dpop: 'always' } as const;
  return [
    {
      path: '/admin/audit',
      methods: { GET: { ...forOperators, target: auditTarget(source) } },
    },
    {
      path: '/admin/stats',
      methods: { GET: { ...forOperators, target: statsTarget(stats) } },
    },
    {
      path: '/admin/events',
      methods: { GET: { ...forOperators, target: eventsTarget(stats) } },
    },
    {
      path: '/metrics',
      methods: {
        GET: { open: (request, call) => serveMetrics(request, call, { ...parts, stats }) },
      },
    },
    {
      path: '/.well-known/audit-jwks.json',
      cors: 'any',
      methods: { GET: { open: (request) => serveKeys(request, key) } },
    },
  ];
}

async function serveKeys(request: Request, key: AuditKey): Promise<Response> {
  return publicDocument(request, { keys: await key.published() }, keysMaxAge);
}

const refused = (code: 'parameter_malformed'): Prepared => ({
  required: ['admin:read'],
  run: async () => refuse(code),
});

interface Query {
  readonly after: string | undefined;
  readonly limit: number;
  /** Begin that many entries before the end. */
  readonly last: number | undefined;
}

/** A number of lines; `undefined` for what is none. */
function readLines(text: string): number | undefined {
  const count = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= maxLines ? count : undefined;
}

/** Reads the parameters, each at most once; `undefined` where one is malformed or unknown. */
function readQuery(query: URLSearchParams): Query | undefined {
  const names = [...query.keys()];
  const known = names.every((name) => name === 'after' || name === 'limit' || name === 'last');
  if (!known || new Set(names).size !== names.length) return undefined;
  const limit = readLines(query.get('limit') ?? String(defaultLines));
  const after = query.get('after') ?? undefined;
  const size = query.get('last');
  const last = size === null ? undefined : readLines(size);
  const isBroken = size !== null && (last === undefined || after !== undefined);
  return limit === undefined || isBroken ? undefined : { after, limit, last };
}

/** GET /admin/audit */
function auditTarget(source: LogSource): Target {
  return {
    read({ query }) {
      const asked = readQuery(query);
      if (asked === undefined) return refused('parameter_malformed');
      return {
        required: ['admin:read'],
        async run() {
          const { last, limit } = asked;
          const from = last === undefined ? asked.after : await nearEnd(source, last);
          const page = await readPage(source, from, limit);
          if (page === 'malformed') return refuse('parameter_malformed');
          if (page === 'expired') return refuse('cursor_expired');
          const { lines, after, more } = page;
          const cursor = JSON.stringify({ kind: 'cursor', after, more });
          return new Response([...lines, cursor, ''].join('\n'), {
            headers: {
              'Content-Type': 'application/jsonl',
              'Cache-Control': 'no-store',
              'X-Content-Type-Options': 'nosniff',
            },
          });
        },
      };
    },
  };
}

/** GET /admin/stats */
function statsTarget(parts: StatsParts): Target {
  return {
    read: () => ({
      required: ['admin:read'],
      run: async () => json(await gatherStats(parts)),
    }),
  };
}

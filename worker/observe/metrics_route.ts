// GET /metrics: for an agent with metrics:read, or for a scraper that knows METRICS_TOKEN.

import { authorize, type VerifiedAgent } from '../../src/verify/index.ts';
import type { TokenReader } from '../authority/http/token_reader.ts';
import type { Config } from '../env.ts';
import type { Call } from '../route.ts';
import { whoOf } from './decision.ts';
import { formatMetrics } from './metrics.ts';
import { gatherReports, keyAge, presentAgents, viewAge, type StatsParts } from './stats.ts';

/** What the route needs. */
export interface MetricsParts {
  readonly config: Config;
  readonly tokens: Pick<TokenReader, 'present'>;
  readonly stats: StatsParts;
}

const encoder = new TextEncoder();

/** Whether two texts are the same, in a time that does not tell where they differ. */
async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all(
    [one, other].map(async (text) => crypto.subtle.digest('SHA-256', encoder.encode(text))),
  );
  const [left, right] = [new Uint8Array(a ?? []), new Uint8Array(b ?? [])];
  return left.reduce((sum, byte, at) => sum | (byte ^ (right[at] ?? 0)), 0) === 0;
}

async function isScraper({ headers }: Request, token: string | undefined): Promise<boolean> {
  const [, presented] = /^bearer +(\S{1,1024})$/i.exec(headers.get('authorization') ?? '') ?? [];
  return token !== undefined && presented !== undefined && isSame(presented, token);
}

function allow(agent: VerifiedAgent): void {
  authorize(agent, 'metrics:read');
}

/** Answers a scrape. */
export async function serveMetrics(
  request: Request,
  { url, note }: Call,
  { config, tokens, stats }: MetricsParts,
): Promise<Response> {
  note({ action: 'metrics:read' });
  if (!(await isScraper(request, config.audit.metricsToken))) {
    note({ who: whoOf(await tokens.present(request, url, allow)) });
  }
  const [reports, key] = await Promise.all([gatherReports(stats.source), keyAge(stats)]);
  const text = formatMetrics(reports, {
    agentsOnline: presentAgents(reports),
    keyAge: key?.age,
    viewAge: viewAge(stats.revocation),
  });
  return new Response(text, {
    headers: {
      'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

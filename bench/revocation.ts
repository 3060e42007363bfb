// How soon a revoked token is refused, in its own isolate and in another, and what a million records cost.

import { randomBytes } from 'node:crypto';
import { createFingerprinter } from '../src/revoke/fingerprint.ts';
import { createRevocationView, type RevocationView } from '../src/revoke/view.ts';
import type { FeedRecord, SigningKey, TokenIdentity } from '../src/index.ts';
import { call } from '../test/support/http.ts';
import { registerAgents, startAuthority, tokenRequest } from './support/authority.ts';
import { bareWorker } from './support/gateway_peers.ts';
import { machine } from './support/interleave.ts';

const quick = process.argv.includes('--quick');
const tries = quick ? 20 : 200;
const lanes = 4;
/** Milliseconds: what is not refused by then never is. */
const patience = 6000;
const bound = 1000;

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN;

/** Milliseconds from now until a token is first refused, by somebody who asks all the time. */
async function untilRefused(url: string, token: string): Promise<number> {
  const began = performance.now();
  for (;;) {
    const { status, text } = await call(`${url}/whoami`, { token });
    const passed = performance.now() - began;
    if (status === 401 && text.includes('token_revoked')) return passed;
    if (status !== 200 || passed > patience) throw new Error(`${status} after ${passed} ms`);
  }
}

async function measureDelays(): Promise<void> {
  // Who asks all the time would soon have asked too often
  const world = await startAuthority(bareWorker, { RATE_LIMITS: 'fast=1000000,power=1000000' });
  const delays = { 'the same isolate': [] as number[], 'another isolate': [] as number[] };
  let left = tries;

  async function lane(key: SigningKey): Promise<void> {
    while (left-- > 0) {
      const asked = await fetch(`${world.url}/token`, await tokenRequest(world, 'planner', key));
      const { access_token: token = '' } = (await asked.json()) as { access_token?: string };
      // Warm in both caches, and at any moment between two refreshes
      await call(`${world.url}/whoami`, { token });
      await call(`${world.otherUrl}/whoami`, { token });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
      const { method = '', body } = await tokenRequest(world, 'planner', key);
      const form = body as URLSearchParams;
      form.delete('grant_type');
      form.set('token', token);
      const { status } = await fetch(`${world.url}/revoke`, { method, body: form });
      if (status !== 200) throw new Error(`/revoke answered ${status}`);
      const [same, other] = await Promise.all([
        untilRefused(world.url, token),
        untilRefused(world.otherUrl, token),
      ]);
      delays['the same isolate'].push(same);
      delays['another isolate'].push(other);
    }
  }

  try {
    const [key] = await registerAgents(world, ['planner']);
    if (key === undefined) throw new Error('No agent');
    await Promise.all(Array.from({ length: lanes }, async () => lane(key)));
  } finally {
    await world.stop();
  }
  process.stdout.write(`\nFrom the answer of /revoke to the first refusal, ${tries} tries, ms\n`);
  const rows = Object.entries(delays).map(([where, times]) => {
    const sorted = times.toSorted((a, b) => a - b);
    const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)].map(Math.round);
    return { where, p50, p99, max: Math.round(sorted.at(-1) ?? Number.NaN) };
  });
  console.table(rows);
  if (rows.some(({ p99 = Infinity }) => p99 > bound)) throw new Error('p99 is over the bound');
}

const asOf = 1_800_000_000;

function viewOf(count: number): RevocationView {
  const view = createRevocationView();
  const pageSize = 10_000;
  for (let after = 0; after < count || after === 0; after += pageSize) {
    const seq = Math.min(count, after + pageSize);
    const bytes = randomBytes(16 * (seq - after));
    const records = Array.from({ length: seq - after }, (_, index): FeedRecord => {
      const h = bytes.subarray(16 * index, 16 * index + 16).toString('base64url');
      return { seq: after + index + 1, kind: 'token', h, exp: asOf + 900 };
    });
    view.apply({ issuer: 'a', seq, as_of: asOf, full: after === 0, records }, after);
  }
  return view;
}

async function measureLookups(): Promise<void> {
  const fingerprints = createFingerprinter();
  const identities = Array.from({ length: 2000 }, (_, index): TokenIdentity => ({
    issuer: 'a',
    tokenId: `token-${index}`,
    sessionId: `run-${index}`,
    agentIds: [`agent-${index % 500}`],
    keyThumbprint: 'key',
    jkt: 'agent-key',
    issuedAt: asOf - 60,
    expiresAt: asOf + 840,
  }));
  const tokens = await Promise.all(identities.map(async (identity) => fingerprints.of(identity)));
  const counts = quick ? [0, 1000, 100_000] : [0, 1000, 100_000, 1_000_000];
  const views = counts.map((count) => {
    const began = performance.now();
    const view = viewOf(count);
    return { count, view, filling: performance.now() - began, times: [] as number[] };
  });
  // Interleaved, so that noise hits all alike
  for (let round = 0; round < (quick ? 20 : 200); round++) {
    for (const { view, times } of views) {
      const began = performance.now();
      let found = 0;
      for (const token of tokens) if (view.covers(token)) found++;
      times.push(((performance.now() - began) * 1e6) / tokens.length);
      if (found > 0) throw new Error('A token was found that was never revoked');
    }
  }
  const medians = views.map(({ times }) =>
    quantile(
      times.toSorted((a, b) => a - b),
      0.5,
    ),
  );
  process.stdout.write('\nLooking up a token by five names among revoked ones\n');
  console.table(
    views.map(({ count, view, filling }, index) => ({
      records: count,
      'bytes each': count === 0 ? undefined : Number((view.bytes / view.size).toFixed(1)),
      'ns a token': Math.round(medians[index] ?? Number.NaN),
      'ratio to 1,000': Number(((medians[index] ?? 0) / (medians[1] ?? 1)).toFixed(2)),
      'filling ms': Math.round(filling),
    })),
  );
  if (views.some(({ count, view }) => count > 1000 && view.bytes / view.size > 16)) {
    throw new Error('A record takes more than 16 bytes');
  }
}

process.stdout.write(`${machine()}\n`);
await measureLookups();
await measureDelays();

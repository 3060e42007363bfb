// GET /admin/events: a reader that cannot follow is told so and goes on at the end, and is never buffered for without bound

import { env } from 'cloudflare:workers';
import { reset } from 'cloudflare:test';
import { beforeEach, expect, test } from 'vitest';
import type { Batch } from '../../worker/observe/audit_batch.ts';
import { shardStub } from '../../worker/observe/audit_stubs.ts';
import { noCounts } from '../../worker/observe/counts.ts';
import { eventsTarget } from '../../worker/observe/events.ts';
import type { StatsParts } from '../../worker/observe/stats.ts';
import { respond } from '../../worker/respond.ts';
import type { Incoming, Services } from '../../worker/target.ts';

beforeEach(reset);

const source = { namespace: env.AUDIT_LOG, shards: 1 };
const beginning = '0.0-0';

function batch(number: number, count: number, length = 16): Batch {
  const agent = 'x'.repeat(length);
  const draft = `"kind":"record","at":1764000000,"decision":"allow","agent":"${agent}"`;
  const drafts = Array.from({ length: count }, () => draft);
  const first = (number - 1) * count + 1;
  return {
    writer: 'writer-a',
    batch: number,
    first,
    stored: first - 1,
    drafts,
    counts: noCounts(),
    agents: [],
  };
}

/** Opens the stream as a route does, for a token that lives on; without figures, which need all objects. */
async function open(after: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const parts = {
    config: { audit: { mode: 'best-effort', shards: 1 }, issuer: 'https://gate.example' },
    bindings: env,
    revocation: undefined,
    source,
    now: () => Date.now(),
  } as unknown as StatsParts;
  const incoming = {
    agent: { expiresAt: Date.now() / 1000 + 600 },
    recheck: () => Promise.resolve(),
    query: new URLSearchParams({ after }),
    isHead: false,
  } as unknown as Incoming;
  const prepared = await eventsTarget(parts).read(incoming, {} as Services);
  const { body } = respond(await prepared.run({} as Parameters<typeof prepared.run>[0]), {});
  if (body === null) throw new Error('There is no stream');
  return (body as ReadableStream<Uint8Array>).getReader();
}

const decoder = new TextDecoder();

test('a reader that is twenty pages behind skips to the end, and hears what comes after', async () => {
  for (let number = 1; number <= 15; number++)
    await shardStub(env.AUDIT_LOG, 0).append(batch(number, 400));
  const reader = await open(beginning);
  let text = '';
  while (!text.includes('event: skipped')) {
    const { value, done } = await reader.read();
    if (done) throw new Error('The stream ended');
    text += decoder.decode(value, { stream: true });
  }
  // Twenty pages came before it
  expect(text.match(/event: records/g)?.length).toBe(20);
  const [, skipped = ''] = /event: skipped\ndata: (.*)\n/.exec(text) ?? [];
  // Objects that come alive record what they do in this log too
  const [, seq] = /"after":"\d+\.(\d+)-/.exec(skipped) ?? [];
  expect(Number(seq)).toBeGreaterThanOrEqual(6000);
  await shardStub(env.AUDIT_LOG, 0).append(batch(6001, 1, 3));
  text = '';
  while (!text.includes('"agent\\":\\"xxx\\"')) {
    text += decoder.decode((await reader.read()).value, { stream: true });
  }
  expect(text).not.toContain('"agent\\":\\"xxxx');
  await reader.cancel();
}, 60_000);

test('for a reader that does not read, no more than a bounded part waits', async () => {
  for (let number = 1; number <= 15; number++)
    await shardStub(env.AUDIT_LOG, 0).append(batch(number, 400, 2000));
  const reader = await open(beginning);
  // Nothing tells from outside that a stream waits. A page of 400 kB comes each second: eight would be three megabytes
  await new Promise((resolve) => setTimeout(resolve, 8000));
  let waiting = 0;
  for (;;) {
    const next = await Promise.race([
      reader.read(),
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 50)),
    ]);
    if (next === undefined || next.done) break;
    waiting += next.value.byteLength;
  }
  expect(waiting).toBeGreaterThan(500_000);
  expect(waiting).toBeLessThan(2_000_000);
  await reader.cancel();
}, 60_000);

// Durable Objects taken out of memory at any point: what was accepted arrives, and once stays once

import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeEnvelope } from '../support/envelopes.ts';
import { startGateway, type RunningGateway } from '../support/gateway.ts';
import { codeOf } from '../support/http.ts';
import { createSwarm, idsOf, type Delivered, type Swarm } from '../support/swarm.ts';

let gateway: RunningGateway;
let swarm: Swarm;

beforeAll(async () => {
  gateway = await startGateway();
  swarm = await createSwarm(gateway);
});

afterAll(async () => {
  await gateway.stop();
});

const count = 40;

/** Sends until it is accepted, as a client does: the same message again after a 503. */
async function insist(text: string, origin: string): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const found = codeOf(await swarm.post(text, swarm.planner, origin));
    if (found === '202') return;
    if (!found.startsWith('503')) throw new Error(`The message was answered ${found}`);
  }
  throw new Error('The message was never accepted');
}

/** Takes an object out of memory; `false` when it was not there. */
async function evict(className: string, name: string): Promise<boolean> {
  try {
    await gateway.evict(className, name);
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes('not currently running')) return false;
    throw error;
  }
}

test('loses nothing that was accepted, and delivers nothing twice', async () => {
  const { id: to, token } = await swarm.agent();
  expect(await swarm.receive(token)).toEqual([]);
  const envelopes = await Promise.all(Array.from({ length: count }, () => makeEnvelope({ to })));
  const broadcast = await makeEnvelope({ to: '*', type: 'BROADCAST' });

  const objects = [
    ['Agent', 'planner'],
    ['Agent', to],
    ['Mailbox', to],
    ['Outbox', `planner ${broadcast.id}`],
    ['Directory', 'mailboxes'],
  ] as const;
  let evicted = 0;
  const evictNext = async (turn: number): Promise<void> => {
    const [className, name] = objects[turn % objects.length] ?? objects[0];
    if (await evict(className, name)) evicted++;
  };

  const origins = [gateway.url, gateway.otherUrl];
  await Promise.all([insist(broadcast.text, gateway.url), evictNext(3)]);
  for (const [at, { text }] of envelopes.entries()) {
    await Promise.all([insist(text, origins[at % 2] ?? gateway.url), evictNext(at)]);
  }
  const wanted = [...envelopes.map(({ id }) => id), broadcast.id].toSorted();
  const found: string[] = [];
  // A lease whose answer was lost ends after 30 seconds
  const end = Date.now() + 45_000;
  while (found.length < wanted.length && Date.now() < end) {
    const answer = await swarm.get(token, '?max=7&wait=1');
    // Its own call may have been under way in the object that went
    if (answer.status === 503) continue;
    const { messages } = JSON.parse(answer.text) as { messages: Delivered[] };
    found.push(...idsOf(messages));
    await evictNext(2);
  }
  expect(evicted).toBeGreaterThan(10);
  expect(found.toSorted()).toEqual(wanted);

  // A nonce that was used before its object went is used for ever after
  const [first] = envelopes;
  await evict('Agent', 'planner');
  const again = await makeEnvelope({ to, ...(first === undefined ? {} : { nonce: first.nonce }) });
  expect(codeOf(await swarm.post(again.text))).toBe('409 message_replayed');
});

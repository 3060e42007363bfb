// Once: retries are accepted, replays are not, through several isolates, many at a time, after an eviction

import { afterAll, describe, expect, test } from 'vitest';
import { makeEnvelope, makeNonce, type EnvelopeOptions } from '../support/envelopes.ts';
import { startGateway } from '../support/gateway.ts';
import { codeOf } from '../support/http.ts';
import { createSwarm } from '../support/swarm.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const { url, otherUrl } = gateway;
const { planner, mint, agent, post, send, receive, acknowledge, depthOf } =
  await createSwarm(gateway);

describe('a message', () => {
  test('the same message again is accepted and delivered once, in whichever isolate', async () => {
    const { id: to, token: reader } = await agent();
    const { id, text } = await makeEnvelope({ to });
    for (const origin of [url, otherUrl, url]) {
      const answer = await post(text, planner, origin);
      expect(answer.status).toBe(202);
      expect(JSON.parse(answer.text)).toEqual({ id });
    }
    expect(await receive(reader)).toHaveLength(1);
    expect((await acknowledge(reader, id)).status).toBe(204);
    expect((await post(text)).status).toBe(202);
    expect(await receive(reader)).toEqual([]);
  });

  test('a used nonce, or a used id, with anything else is a replay', async () => {
    const { id: to } = await agent();
    const { id, nonce, text } = await makeEnvelope({ to });
    expect((await post(text)).status).toBe(202);
    const replays: EnvelopeOptions[] = [
      { to, nonce },
      { to, nonce: nonce.toUpperCase() },
      { to, id },
      { to, id: id.toUpperCase() },
      { to, id, nonce },
      { to: 'worker-99', nonce },
      { to: '*', nonce },
    ];
    for (const replay of replays) expect(codeOf(await send(replay))).toBe('409 message_replayed');
    expect(codeOf(await post(`${text} `))).toBe('409 message_replayed');
    expect(await depthOf(to)).toBe(1);
  });

  test('another sender may use the same nonce', async () => {
    const { id: to } = await agent();
    const nonce = makeNonce();
    const second = await mint('second', 'bus:publish');
    expect((await send({ to, nonce })).status).toBe(202);
    expect((await send({ to, nonce }, second)).status).toBe(202);
  });

  test('of 50 messages with one nonce, sent at once through two isolates, one is stored', async () => {
    const { id: to } = await agent();
    const nonce = makeNonce();
    const made = await Promise.all(Array.from({ length: 50 }, () => makeEnvelope({ to, nonce })));
    const answers = await Promise.all(
      made.map(({ text }, at) => post(text, planner, at % 2 === 0 ? url : otherUrl)),
    );
    const codes = answers.map((answer) => codeOf(answer));
    expect(codes.filter((code) => code === '202')).toHaveLength(1);
    expect(codes.filter((code) => code === '409 message_replayed')).toHaveLength(49);
    expect(await depthOf(to)).toBe(1);
  });

  test('what is stored survives the eviction of every object', async () => {
    const { id: to, token: reader } = await agent();
    const { nonce, text } = await makeEnvelope({ to });
    await post(text);
    await gateway.evict('Mailbox', to);
    await gateway.evict('Agent', 'planner');
    expect((await post(text)).status).toBe(202);
    expect(codeOf(await send({ to, nonce }))).toBe('409 message_replayed');
    expect(await receive(reader)).toHaveLength(1);
  });
});

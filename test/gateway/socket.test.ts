// The bus over a socket: publish, receive, acknowledge, subscribe, byte for byte and within scope

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeEnvelope } from '../support/envelopes.ts';
import { startGateway, type RunningGateway } from '../support/gateway.ts';
import { openBearer, type TestSocket } from '../support/sockets.ts';
import { createSwarm, type Swarm } from '../support/swarm.ts';

let gateway: RunningGateway;
let swarm: Swarm;
beforeAll(async () => {
  gateway = await startGateway();
  swarm = await createSwarm(gateway);
});
afterAll(() => gateway.stop());

let made = 0;
async function open(
  scope: string,
  id = `socket-${++made}`,
): Promise<TestSocket & { readonly id: string }> {
  const socket = await openBearer(gateway.url, await swarm.mint(id, scope));
  return { ...socket, id };
}

const idOf = ({ message }: Readonly<Record<string, unknown>>): unknown =>
  (message as Record<string, unknown>)['id'];

describe('a socket', () => {
  test('publishes, and delivers byte for byte what was published', async () => {
    const [sender, receiver] = [await open('bus:publish'), await open('bus:receive')];
    expect(sender.protocol).toBe('swarmbus.v1');
    receiver.send({ type: 'subscribe', subjects: ['*'] });
    const { id, text } = await makeEnvelope({ to: receiver.id, payload: '{ "a" : 1.0 }' });
    sender.send(`{"type":"publish","ref":"r-1","message":${text}}`);
    expect(await sender.next()).toEqual({ type: 'accepted', ref: 'r-1', id });
    const delivery = await receiver.nextText();
    expect(delivery).toContain(`"message":${text}}`);
    expect(JSON.parse(delivery)).toMatchObject({ type: 'message', sender: sender.id, via: [] });
    receiver.send({ type: 'ack', ids: [id] });
    await expect.poll(() => swarm.depthOf(receiver.id)).toBe(0);
  });
});

// Sockets of a mailbox's object: a revocation in the middle of the opening, and what its alarm looks at

import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { afterEach, expect, test, vi } from 'vitest';
import { createIssuer } from '../../src/issue/index.ts';
import { createOwnKeys } from '../../worker/authority/keys/own_keys.ts';
import { recordRevocation } from '../../worker/authority/revoke/revocations.ts';
import { openingRequest } from '../../worker/bus/connect.ts';
import { readConfig } from '../../worker/env.ts';
import { Connections, RevocationLog } from '../../worker/index.ts';
import { freshName } from './support.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const variables = env as unknown as Readonly<Record<string, unknown>>;

async function tokenOf(sub: string, sid: string): Promise<string> {
  const config = readConfig(variables);
  const { authority: settings, issuer, audience } = config;
  if (settings === undefined) throw new Error('There is no authority');
  const waitUntil = (): void => {};
  const keys = createOwnKeys({ config, settings, bindings: env, waitUntil, now: () => Date.now() });
  const key = await keys.signer();
  return createIssuer({ key, issuer, audience }).issueAgentToken({
    sub,
    tier: 'fast',
    scope: ['bus:receive'],
    sid,
  });
}

async function connect(owner: string, sid: string): Promise<Response> {
  const token = await tokenOf(owner, sid);
  const request = openingRequest({ mailbox: owner, presented: { token, delegation: undefined } });
  return env.MAILBOX.getByName(owner).fetch(request);
}

test('a socket that is revoked after the last question, and before it is open, does not open', async () => {
  const owner = freshName('worker');
  const register = Connections.prototype.register;
  let registered = '';
  vi.spyOn(Connections.prototype, 'register').mockImplementation(function (
    this: Connections,
    ...args
  ) {
    registered = args[0].id;
    return register.apply(this, args);
  });
  // The push overtakes the answer
  vi.spyOn(RevocationLog.prototype, 'covers').mockImplementation((async () => {
    await env.MAILBOX.getByName(owner).closeRevoked([registered]);
    return false;
  }) as unknown as RevocationLog['covers']);
  const answer = await connect(owner, 'a');
  expect(answer.webSocket).toBeNull();
  expect(await answer.json()).toEqual({ code: 'token_revoked' });
});

test('the alarm looks at tokens itself: a socket whose revocation nobody pushed ends', async () => {
  const owner = freshName('worker');
  const sid = freshName('session');
  const { webSocket } = await connect(owner, sid);
  if (webSocket === null) throw new Error('The socket was refused');
  webSocket.accept();
  const codes: number[] = [];
  webSocket.addEventListener('close', ({ code }) => {
    codes.push(code);
  });
  webSocket.send('{"type":"subscribe","subjects":["*"]}');
  const stub = env.MAILBOX.getByName(owner);
  await evictDurableObject(stub);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(codes).toEqual([]);
  vi.spyOn(Connections.prototype, 'revoke').mockImplementation(async () => true);
  const { issuer } = readConfig(variables);
  const expiresAt = Math.floor(Date.now() / 1000) + 3600;
  await recordRevocation(env, { issuer }, { kind: 'session', value: sid, expiresAt });
  const looked = async (): Promise<number[]> => {
    await runDurableObjectAlarm(stub);
    return codes;
  };
  await expect.poll(looked, { timeout: 5000, interval: 100 }).toEqual([4403]);
});

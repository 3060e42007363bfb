// Two rotations under a fake clock: isolates go on issuing and verifying, and no request is refused

import { env } from 'cloudflare:workers';
import { runDurableObjectAlarm } from 'cloudflare:test';
import { afterEach, expect, test, vi } from 'vitest';
import { createVerifier, type Verifier } from '../../src/verify/index.ts';
import { createOwnKeys, type OwnKeys } from '../../worker/authority/keys/own_keys.ts';
import { createTokenIssuer } from '../../worker/authority/token/token_issuer.ts';
import type { Registration } from '../../worker/authority/agent/registration.ts';
import { readConfig } from '../../worker/env.ts';
import { freshName } from './support.ts';

afterEach(() => {
  vi.useRealTimers();
});

const day = 86_400;
const registration: Registration = {
  id: 'planner',
  tier: 'fast',
  scope: ['bus:receive'],
  jwk: undefined,
  jkt: undefined,
  dpop: 'optional',
  dlgMax: undefined,
  disabled: false,
  version: 1,
  createdAt: 0,
  notBefore: undefined,
};

interface Isolate {
  readonly keys: OwnKeys;
  readonly issue: () => Promise<string>;
  readonly verifier: Verifier;
}

/** One isolate of an authority: keys of its own, refreshed at times of its own. */
function startIsolate(issuer: string): Isolate {
  const config = readConfig({ ...env, ISSUER: issuer });
  if (config.authority === undefined) throw new Error('The authority is off');
  // The objects read their own issuer: what is sealed for it is opened as its
  const parts = {
    config,
    settings: config.authority,
    bindings: env,
    now: () => Date.now(),
    waitUntil: () => undefined,
  };
  const keys = createOwnKeys(parts);
  const issueToken = createTokenIssuer(parts);
  const { audience } = config;
  return {
    keys,
    issue: async () =>
      issueToken(await keys.signer(), {
        registration,
        sid: 's',
        scope: registration.scope,
        audience,
        jkt: undefined,
        mayAct: undefined,
        tokenId: crypto.randomUUID(),
        status: { status_list: { idx: 0, uri: `${issuer}/status/1` } },
      }),
    verifier: createVerifier({
      issuer,
      audience,
      keys,
      clock: () => Math.floor(Date.now() / 1000),
    }),
  };
}

test('a key rotates twice and not one token is refused in its time', async () => {
  const issuer = 'https://gate.example';
  const ring = env.KEY_RING.getByName(issuer);
  const [one, two] = [startIsolate(issuer), startIsolate(issuer)];
  const signers = new Set<string>();
  const outstanding: { readonly token: string; readonly until: number }[] = [];
  let now = Math.floor(Date.now() / 1000);
  let issued = 0;
  let verified = 0;
  const setClock = (seconds: number): void => {
    now = seconds;
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(now * 1000);
  };

  async function live(isolate: Isolate): Promise<void> {
    outstanding.push({ token: await isolate.issue(), until: now + 900 });
    issued++;
    while ((outstanding[0]?.until ?? Infinity) <= now) outstanding.shift();
    for (const { token } of outstanding) {
      for (const { verifier } of [one, two]) {
        const result = await verifier.checkAgentToken(token);
        expect(result.ok ? 'ok' : result.error.code).toBe('ok');
        verified++;
      }
    }
    signers.add((await isolate.keys.signer()).kid);
  }

  setClock(now);
  for (let at = 0; signers.size < 3 && at < 400; at++) {
    await live(at % 2 === 0 ? one : two);
    const active = (await ring.list()).find(({ state }) => state === 'active');
    const turn = (active?.since ?? now) + 30 * day;
    // Slowly around the turn, quickly elsewhere; sometimes the alarm does it, sometimes who asks
    const isNear = Math.abs(turn - now) <= 1500 || now - (active?.since ?? now) <= 1500;
    setClock(isNear ? now + 50 : turn - 1200);
    if (at % 3 === 0) await runDurableObjectAlarm(ring);
  }
  expect(signers.size).toBe(3);
  expect(issued).toBeGreaterThan(100);
  expect(verified).toBeGreaterThan(2000);
});

test('a key that was compromised is refused, and its successor signs at once', async () => {
  const issuer = 'https://gate.example';
  const isolate = startIsolate(issuer);
  const before = await isolate.issue();
  const { kid } = await isolate.keys.signer();
  await env.KEY_RING.getByName(issuer).compromise(kid);
  isolate.keys.invalidate();
  const after = await isolate.issue();
  expect((await isolate.verifier.checkAgentToken(after)).ok).toBe(true);
  const refused = await isolate.verifier.checkAgentToken(before);
  expect(refused.ok ? 'ok' : refused.error.code).toBe('key_unknown');
});

test('keys keep their identity while they stay, and the signer cannot be exported', async () => {
  const isolate = startIsolate('https://gate.example');
  const { kid, privateKey } = await isolate.keys.signer();
  expect(privateKey.extractable).toBe(false);
  const first = await isolate.keys.find({ alg: 'ES256', kid });
  // Something else in the ring changes
  await env.KEY_RING.getByName('https://gate.example').rotate();
  isolate.keys.invalidate();
  expect(await isolate.keys.find({ alg: 'ES256', kid })).toBe(first);
  await expect(async () => isolate.keys.find({ alg: 'ES384', kid })).rejects.toMatchObject({
    code: 'key_unusable',
  });
  await expect(isolate.keys.find({ alg: 'ES256', kid: freshName('kid') })).rejects.toMatchObject({
    code: 'key_unknown',
  });
});

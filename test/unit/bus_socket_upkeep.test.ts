// The upkeep of a bus socket: renewed before its token ends, dropped where the server shows no life

import { afterEach, expect, test, vi } from 'vitest';
import type { AccessToken } from '../../src/index.ts';
import type { Connection } from '../../src/client/socket_connection.ts';
import { keepUp } from '../../src/client/socket_upkeep.ts';

const now = (): number => Date.now() / 1000;
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
  vi.useRealTimers();
});

function setup(lifetime: number, silence = 60) {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  let issued = 0;
  const issue = (): AccessToken => ({
    token: `token-${++issued}`,
    scheme: 'Bearer',
    expiresAt: now() + lifetime,
  });
  const state = { renewed: [] as string[], probes: 0, dropped: [] as number[], heard: 0 };
  state.heard = performance.now();
  const faults = { source: false, reauth: false, probe: false };
  const connection = {
    heardAt: () => state.heard,
    probe: async () => {
      state.probes++;
      if (faults.probe) throw new Error('Late');
      state.heard = performance.now();
    },
    reauthenticate: async ({ token }: AccessToken) => {
      if (faults.reauth) throw new Error('Refused');
      state.renewed.push(token);
      state.heard = performance.now();
    },
    drop: (code: number) => void state.dropped.push(code),
  } as unknown as Connection;
  const access = issue();
  let current = access;
  const presented = {
    now: async () => {
      if (faults.source) throw new Error('No token');
      if (current.expiresAt - now() <= lifetime / 10) current = issue();
      return current;
    },
    proofOf: async () => undefined,
    end: () => {},
    meaning: async (error: unknown) => error,
  };
  ends.push(keepUp({ connection, access, presented, clock: now, silence }));
  return { state, faults };
}

test('a token is renewed after 14/15 of its life, and so is the one after it', async () => {
  const { state } = setup(900, 10_000);
  await vi.advanceTimersByTimeAsync(839_000);
  expect(state.renewed).toEqual([]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(state.renewed).toEqual(['token-2']);
  await vi.advanceTimersByTimeAsync(841_000);
  expect(state.renewed).toEqual(['token-2', 'token-3']);
  expect(state.dropped).toEqual([]);
});

test('a source without a new token is asked again and again until the old one ends', async () => {
  const { state, faults } = setup(900, 10_000);
  faults.source = true;
  await vi.advanceTimersByTimeAsync(890_000);
  expect(state.renewed).toEqual([]);
  faults.source = false;
  await vi.advanceTimersByTimeAsync(9000);
  expect(state.renewed).toEqual(['token-2']);
});

test('a renewal that is refused drops the socket', async () => {
  const { state, faults } = setup(900, 10_000);
  faults.reauth = true;
  await vi.advanceTimersByTimeAsync(841_000);
  expect(state.dropped).toEqual([1006]);
});

test('after a minute of silence a sign of life is asked for; without one the socket is dropped', async () => {
  const { state, faults } = setup(Infinity);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(state.probes).toBe(0);
  await vi.advanceTimersByTimeAsync(62_000);
  expect(state.probes).toBe(2);
  faults.probe = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(state.dropped).toEqual([1006]);
});

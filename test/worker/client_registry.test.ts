// Registrations in an isolate: cached, bounded, and few object calls whatever is guessed

import { describe, expect, test } from 'vitest';
import { createClientRegistry } from '../../worker/authority/token/client_registry.ts';
import { createLookupBudget, subscriberOf } from '../../worker/authority/http/lookup_budget.ts';
import type { Registration } from '../../worker/authority/agent/registration.ts';

const registered = (id: string, version = 1): Registration => ({
  id,
  tier: 'fast',
  scope: [],
  jwk: undefined,
  jkt: undefined,
  dpop: 'optional',
  dlgMax: undefined,
  disabled: false,
  version,
  createdAt: 0,
  notBefore: undefined,
});

function makeWorld() {
  let time = 1_000_000;
  let calls = 0;
  let version = 1;
  const now = (): number => time;
  const registry = createClientRegistry({
    load: async (id) => {
      calls++;
      return id.startsWith('agent-') ? registered(id, version) : null;
    },
    budget: createLookupBudget(now, { patienceMs: 50, pollMs: 1 }),
    now,
  });
  return {
    registry,
    calls: () => calls,
    advance: (milliseconds: number) => (time += milliseconds),
    change: () => version++,
  };
}

describe('createClientRegistry()', () => {
  test('10^5 unknown ids of one address reach 20 objects', async () => {
    const { registry, calls } = makeWorld();
    for (let at = 0; at < 100_000; at++) await registry.find(`ghost-${at}`, '192.0.2.1');
    expect(calls()).toBe(20);
    expect(registry.isSpent('192.0.2.1')).toBe(true);
    expect(registry.isSpent('192.0.2.2')).toBe(false);
  });

  test('10^4 unknown ids at once reach 20 objects too', async () => {
    const { registry, calls } = makeWorld();
    await Promise.all(
      Array.from({ length: 10_000 }, (_, at) => registry.find(`ghost-${at}`, '192.0.2.1')),
    );
    expect(calls()).toBe(20);
  });

  test('one unknown id is asked for once in 10 s', async () => {
    const { registry, calls, advance } = makeWorld();
    for (let at = 0; at < 100; at++) await registry.find('ghost', '192.0.2.1');
    expect(calls()).toBe(1);
    advance(10_001);
    await registry.find('ghost', '192.0.2.1');
    expect(calls()).toBe(2);
  });

  test('a fleet behind one address that starts at once is let in', async () => {
    const { registry } = makeWorld();
    const found = await Promise.all(
      Array.from({ length: 200 }, (_, at) => registry.find(`agent-${at}`, '192.0.2.1')),
    );
    expect(found.every((client) => typeof client === 'object')).toBe(true);
  });

  test('guesses do not drive known clients out', async () => {
    const { registry, calls, advance } = makeWorld();
    await registry.find('agent-1', '192.0.2.1');
    for (let at = 0; at < 30_000; at++) {
      if (at % 20 === 0) advance(1);
      await registry.find(`ghost-${at}`, `10.0.${at >> 8}.${at & 255}`);
    }
    const before = calls();
    await registry.find('agent-1', '192.0.2.1');
    expect(calls()).toBe(before);
  });

  test('a change is seen when the old state fails, and asked for five times a second', async () => {
    const { registry, calls, advance, change } = makeWorld();
    await registry.find('agent-1', '192.0.2.1');
    change();
    expect((await registry.findAgain('agent-1'))?.registration.version).toBe(1);
    advance(200);
    expect((await registry.findAgain('agent-1'))?.registration.version).toBe(2);
    await Promise.all(Array.from({ length: 100 }, () => registry.findAgain('agent-1')));
    expect(calls()).toBe(2);
  });
});

describe('subscriberOf()', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:0DB8:0:0:1:2:3:4', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['', ''],
  ])('%s', (address, subscriber) => {
    expect(subscriberOf(address)).toBe(subscriber);
  });
});

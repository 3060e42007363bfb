// BUS, BUS_URL and BUS_SECRET: what is taken, and each mistake by its name

import { describe, expect, test } from 'vitest';
import { readBus } from '../../worker/env_bus.ts';
import { createConfiguredBus } from '../../worker/gateway/forward_bus.ts';
import type { Bindings } from '../../worker/env.ts';

const secret = 'a-secret-of-gateways-0123456789-abcdef';

describe('readBus()', () => {
  test('takes each bus', () => {
    expect(readBus({})).toEqual({ kind: 'durable' });
    const url = 'https://bus.example/path';
    const http = { BUS: 'http', BUS_SECRET: secret };
    expect(readBus({ ...http, BUS_URL: url })).toEqual({ kind: 'http', url, secret });
    expect(readBus(http)).toEqual({ kind: 'http', url: undefined, secret });
    const nats = { BUS: 'nats', BUS_URL: 'wss://nats.example:443' };
    expect(readBus(nats)).toEqual({ kind: 'nats', url: nats.BUS_URL, secret: undefined });
  });

  test.each([
    [{ BUS: 'redis' }, 'BUS must be'],
    [{ BUS_URL: 'https://bus.example' }, 'BUS_URL needs BUS'],
    [{ BUS_SECRET: secret }, 'BUS_SECRET needs BUS'],
    [{ BUS: 'http', BUS_URL: 'https://bus.example' }, 'BUS_SECRET is required'],
    [{ BUS: 'http', BUS_SECRET: 'short' }, 'BUS_SECRET must be 32'],
    [{ BUS: 'http', BUS_SECRET: secret, BUS_URL: 'http://bus.example' }, 'BUS_URL must be'],
    [{ BUS: 'http', BUS_SECRET: secret, BUS_URL: 'https://bus.example/' }, 'BUS_URL must be'],
    [{ BUS: 'http', BUS_SECRET: secret, BUS_URL: 'https://bus.example?a' }, 'BUS_URL must be'],
    [{ BUS: 'nats' }, 'BUS_URL is required'],
    [{ BUS: 'nats', BUS_URL: 'ws://nats.example' }, 'BUS_URL must be a wss URL'],
    [{ BUS: 'nats', BUS_URL: 'wss://a:b@nats.example' }, 'BUS_URL must be a wss URL'],
    [{ BUS: 'nats', BUS_URL: 'https://nats.example' }, 'BUS_URL must be a wss URL'],
    [{ BUS: 'nats', BUS_URL: 'wss://nats.example', BUS_SECRET: '' }, 'BUS_SECRET must not'],
  ])('refuses %o', (env, fault) => {
    expect(() => readBus(env)).toThrow(fault);
  });
});

describe('createConfiguredBus()', () => {
  test('reaches the bound service where there is no URL', async () => {
    const asked: string[] = [];
    const service = {
      async fetch(url: string, { headers }: { readonly headers: Record<string, string> }) {
        asked.push(`${url} ${headers['authorization']}`);
        return Response.json({ mailbox: 'worker', queued: 1, leased: 2 });
      },
    };
    const bindings = { BUS_SERVICE: service } as unknown as Bindings;
    const bus = createConfiguredBus(
      { bus: readBus({ BUS: 'http', BUS_SECRET: secret }) },
      bindings,
      undefined,
    );
    expect(await bus.status('worker')).toEqual({ mailbox: 'worker', queued: 1, leased: 2 });
    expect(asked).toEqual([`https://bus.internal/v1/status?mailbox=worker Bearer ${secret}`]);
  });

  test('does not start with neither', () => {
    const bus = readBus({ BUS: 'http', BUS_SECRET: secret });
    expect(() => createConfiguredBus({ bus }, {} as Bindings, undefined)).toThrow('BUS_SERVICE');
  });
});

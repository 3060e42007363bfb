// remoteKeys in workerd, where a request that ends takes its fetch and its timers with it

import { build } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare, Response } from 'miniflare';
import { afterEach, describe, expect, test } from 'vitest';
import { es7515 } from '../contract/support/printed_keys.ts';

const { d: _d, ...publicJwk } = es7515;
const entry = new URL('../support/remote_keys_worker.ts', import.meta.url).pathname;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Runs the Worker; the address of the keys answers after 300 ms. */
async function start(
  flags: readonly string[],
): Promise<{ ask: (path: string) => Promise<string> }> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    write: false,
  });
  const contents = outputFiles[0]?.text ?? '';
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: 'ESModule', path: 'worker.js', contents }],
      compatibilityDate: '2026-10-01',
      compatibilityFlags: [...flags],
      outboundService: async () => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        return Response.json({ keys: [{ ...publicJwk, kid: 'a' }] });
      },
    }),
  );
  stops.push(() => miniflare.dispose());
  const url = await miniflare.ready;
  return { ask: async (path) => (await fetch(new URL(path, url))).text() };
}

// Older Workers do not carry a promise's outcome from one request to another
const kinds = [[], ['no_handle_cross_request_promise_resolution']];

describe.each(kinds.map((flags) => ({ flags })))(
  'remoteKeys() in workerd, flags $flags',
  ({ flags }) => {
    test('serves all who waited for a request that left, once their own deadline is over', async () => {
      const { ask } = await start(flags);
      expect(await ask('/leave')).toBe('left');
      const began = performance.now();
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask('/')));
      const milliseconds = performance.now() - began;
      expect(new Set(answers)).toEqual(new Set(['a']));
      expect(milliseconds).toBeGreaterThan(1400);
      expect(milliseconds).toBeLessThan(10_000);
    });

    test('serves them sooner when waitUntil kept the fetch of the request that left', async () => {
      const { ask } = await start(flags);
      expect(await ask('/leave-kept')).toBe('left');
      const began = performance.now();
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask('/')));
      expect(new Set(answers)).toEqual(new Set(['a']));
      expect(performance.now() - began).toBeLessThan(1400);
    });
  },
);

// The Worker of docs/package.md, bundled from what is published, in workerd

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, expect, inject, test } from 'vitest';
import { root } from '../../scripts/tools.ts';
import { makeKey } from '../support/tokens.ts';

let miniflare: Miniflare | undefined;
afterAll(() => miniflare?.dispose());

test('a Worker that mounts swarmgate/gateway answers on its own routes and on the gateway’s', async () => {
  const page = readFileSync(join(root, 'docs/package.md'), 'utf8');
  const [, contents = ''] = /```js\n([^]*?)```/.exec(page) ?? [];
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'error',
  });
  const { publicJwk } = await makeKey();
  const trusted = [{ issuer: 'https://issuer.example', jwks: { keys: [publicJwk] } }];
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...inject('gateway').options,
      modules: [{ type: 'ESModule', path: 'worker.js', contents: outputFiles[0]?.text ?? '' }],
      bindings: { ISSUER: 'https://gate.example', TRUSTED_ISSUERS: JSON.stringify(trusted) },
      port: 0,
      cf: false,
      telemetry: { enabled: false },
    }),
  );
  const url = await miniflare.ready;
  expect(await (await fetch(new URL('/hello', url))).text()).toBe('hello');
  expect((await fetch(new URL('/health', url))).status).toBe(200);
  const refused = await fetch(new URL('/whoami', url));
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ code: 'token_missing' });
});

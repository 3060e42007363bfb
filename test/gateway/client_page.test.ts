// A page in Chromium as an agent of the real gateway: bound to a key of the browser's, over a socket

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { chromium } from 'playwright';
import { afterAll, expect, test } from 'vitest';
import { browsers, findBrowser } from '../../scripts/browser_table.ts';
import { makeKeys } from '../../scripts/dev_keys.ts';
import { developmentVariables } from '../../scripts/dev_variables.ts';
import { startGateway } from '../../scripts/gateway.ts';
import { findPort, host } from '../../scripts/port.ts';
import { createAuthenticatedFetch, createTokenSource } from '../../src/index.ts';
import type { PageReport } from './page.ts';

const ends: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
});

const root = new URL('../../', import.meta.url).pathname;

/** The page's program as one script that makes `run` a global. */
async function pageScript(): Promise<string> {
  const contents = `import { run } from './test/gateway/page.ts'; globalThis.run = run;`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    platform: 'browser',
  });
  return outputFiles[0]?.text ?? '';
}

/** Serves the page, and answers its origin. */
async function servePage(): Promise<string> {
  const script = await pageScript();
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(
      isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>',
    );
  });
  await new Promise<void>((resolve) => void server.listen(0, host, resolve));
  ends.push(() => new Promise((resolve) => void server.close(resolve)));
  return `http://localhost:${(server.address() as AddressInfo).port}`.replace('localhost', host);
}

test('a page enrols a key that cannot leave it, asks and answers over sockets, and hears of its end', async () => {
  const origin = await servePage();
  const port = (await findPort(0)) ?? 0;
  const gateway = `http://${host}:${port}`;
  const keys = await makeKeys();
  const { variables } = developmentVariables({ ALLOWED_ORIGINS: origin }, gateway, keys);
  const running = await startGateway({ port, variables });
  ends.push(running.stop);
  const source = createTokenSource({ issuer: gateway, clientId: 'operator', key: keys.operator });
  const operator = createAuthenticatedFetch({ source, origins: [gateway] });

  async function post(path: string, body: object): Promise<Record<string, unknown>> {
    const response = await operator(gateway + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(201);
    return (await response.json()) as Record<string, unknown>;
  }

  const policy = { tier: 'fast', scope: ['bus:publish', 'bus:receive'], dpop: 'required' };
  const codeOf = async (id: string): Promise<string> =>
    String((await post('/admin/enrollments', { id, ...policy }))['code']);
  const codes = { asker: await codeOf('asker'), answerer: await codeOf('answerer') };

  const [row] = browsers;
  const executablePath = row === undefined ? undefined : findBrowser(row);
  const browser = await chromium.launch(executablePath === undefined ? {} : { executablePath });
  ends.push(() => browser.close());
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  await page.exposeFunction('revoke', async () => {
    await post('/admin/revocations', { kind: 'agent', value: 'answerer' });
  });
  await page.goto(origin);
  await page.waitForFunction('globalThis.run !== undefined');
  const task = JSON.stringify({ gateway, codes });
  const report = await page.evaluate<PageReport>(`run(${task}, () => globalThis.revoke())`);
  expect(faults).toEqual([]);
  expect(report).toMatchObject({ extractable: false, answer: 42, ending: 'token_revoked' });
  expect(report.sockets.length).toBeGreaterThanOrEqual(2);
  expect(new Set(report.sockets)).toEqual(new Set(['swarmbus dpop proof']));
  expect(new Set(report.ways)).toEqual(new Set(['socket']));
});

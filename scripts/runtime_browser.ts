// Drives the browsers without a test framework: in the page, in a Web Worker, in a Service Worker

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, firefox } from 'playwright';
import { findBrowser, webKitOptions, type Browser } from './browser_table.ts';
import type { RuntimeBundle } from './runtime_bundle.ts';
import type { Driver, Mode } from './runtime_process.ts';
import { startWebDriver } from './webdriver.ts';

/** Where in a browser the code runs. */
export type Place = 'page' | 'worker' | 'service worker';

/** A browser that is ready. */
export interface BrowserDriver extends Driver {
  readonly version: string;
  readonly runIn: (place: Place, mode: Mode, input: string) => Promise<string>;
}

const workerHost = `
importScripts('/contract.js');
addEventListener('message', async ({ data, ports }) => {
  const answer = await contract.main(...data).catch((error) => 'Bail out! ' + error);
  (ports[0] ?? self).postMessage(answer);
});
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
`;

// Runs in the page: the body of a function whose arguments are place, mode and input
const inPage = `
const [place, mode, input] = arguments;
const answerOf = (port) => new Promise((resolve, reject) => {
  port.addEventListener('message', ({ data }) => resolve(data), { once: true });
  port.addEventListener('error', ({ message }) => reject(new Error(message)), { once: true });
});
const run = async () => {
  if (place === 'page') {
    const { main } = await import('/contract.mjs');
    return main(mode, input);
  }
  if (place === 'worker') {
    const worker = new Worker('/worker.js');
    const answer = answerOf(worker);
    worker.postMessage([mode, input]);
    return answer.finally(() => worker.terminate());
  }
  const registration = await navigator.serviceWorker.register('/worker.js');
  await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  const answer = answerOf(port1);
  port1.start();
  registration.active.postMessage([mode, input], [port2]);
  return answer.finally(() => registration.unregister());
};
return run();
`;

/** Starts a browser on a page of its own origin. */
export async function browserDriver(
  browser: Browser,
  bundle: RuntimeBundle,
): Promise<BrowserDriver> {
  const server = await serve(bundle);
  try {
    const page = await openPage(browser, server.url);
    const runIn: BrowserDriver['runIn'] = async (...args) => String(await page.execute(args));
    return {
      version: page.version,
      runIn,
      run: (mode, input) => runIn('page', mode, input),
      close: async () => {
        await page.close();
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

interface Page {
  readonly version: string;
  readonly execute: (args: readonly unknown[]) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const executablePath = findBrowser(browser);
  if (executablePath === undefined) throw new Error(`${browser.title} is not on this machine`);
  if (browser.name === 'webkit') {
    const session = await startWebDriver(webKitOptions(executablePath));
    await session.navigate(url);
    const { version, close } = session;
    return { version, execute: (args) => session.execute(inPage, args), close };
  }
  const channel = browser.name === 'firefox' ? { channel: 'moz-firefox' } : {};
  const engine = browser.name === 'firefox' ? firefox : chromium;
  const started = await engine.launch({ executablePath, ...channel });
  const page = await started.newPage();
  await page.goto(url);
  return {
    version: started.version(),
    execute: (args) => page.evaluate(`(function () {${inPage}})(...${JSON.stringify(args)})`),
    close: () => started.close(),
  };
}

async function serve(bundle: RuntimeBundle): Promise<{ url: string; close: () => Promise<void> }> {
  const read = (name: string): Buffer => readFileSync(join(bundle.folder, name));
  const files: Readonly<Record<string, readonly [type: string, body: string | Buffer]>> = {
    '/': ['text/html', read('page.html')],
    '/contract.mjs': ['text/javascript', read('contract.mjs')],
    '/contract.js': ['text/javascript', read('contract.js')],
    '/worker.js': ['text/javascript', workerHost],
  };
  const server = createServer(({ url = '' }, response) => {
    const [type, body] = Object.hasOwn(files, url) ? (files[url] ?? []) : [];
    if (type === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

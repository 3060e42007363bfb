// A browser session over plain W3C WebDriver, with a display of its own where the machine has none

import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { findPort } from './port.ts';

/** What to start: the driver, and the browser that it starts. */
export interface WebDriverOptions {
  readonly driver: string;
  readonly display: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
}

/** A browser that runs. */
export interface WebDriverSession {
  readonly navigate: (url: string) => Promise<void>;
  /** Runs the body of a function; what its promise resolves with is the answer. */
  readonly execute: (body: string, args: readonly unknown[]) => Promise<unknown>;
  readonly resize: (width: number, height: number) => Promise<void>;
  /** Any other command of the session, by its method and path. */
  readonly command: (method: string, path: string, body?: object) => Promise<unknown>;
  /** The browser's own words for its version. */
  readonly version: string;
  /** Ends everything that was started, in turn. */
  readonly close: () => Promise<void>;
}

const startMilliseconds = 30_000;
const scriptMilliseconds = 300_000;

/** Starts a display if there is none, the driver, and a session. */
export async function startWebDriver(options: WebDriverOptions): Promise<WebDriverSession> {
  const started: ChildProcess[] = [];
  const endAll = async (): Promise<void> => {
    for (const child of started.toReversed()) await end(child);
  };
  try {
    const env = { ...process.env };
    if (env['DISPLAY'] === undefined && env['WAYLAND_DISPLAY'] === undefined) {
      env['DISPLAY'] = await startDisplay(options.display, started);
    }
    const port = (await findPort(0)) ?? 0;
    started.push(spawn(options.driver, [`--port=${port}`], { stdio: 'ignore', env }));
    const base = `http://127.0.0.1:${port}`;
    await untilReady(base);
    return await openSession(base, options.capabilities, endAll);
  } catch (error) {
    await endAll();
    throw error;
  }
}

async function startDisplay(command: string, started: ChildProcess[]): Promise<string> {
  const args = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'];
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  started.push(child);
  const number = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`${command} ended before it had a display`)));
    child.stdio[3]?.once('data', (bytes: Buffer) => resolve(bytes.toString().trim()));
  });
  return `:${number}`;
}

async function untilReady(base: string): Promise<void> {
  const deadline = performance.now() + startMilliseconds;
  for (;;) {
    const ready = await fetch(`${base}/status`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    if (performance.now() > deadline) throw new Error('The WebDriver does not answer');
    await pause(50);
  }
}

async function openSession(
  base: string,
  capabilities: Readonly<Record<string, unknown>>,
  endAll: () => Promise<void>,
): Promise<WebDriverSession> {
  const always = { ...capabilities, timeouts: { script: scriptMilliseconds } };
  const body = { capabilities: { alwaysMatch: always } };
  const opened = (await ask(base, 'POST', '/session', body)) as {
    readonly sessionId: string;
    readonly capabilities: { readonly browserVersion?: string };
  };
  const own = `/session/${opened.sessionId}`;
  return {
    version: opened.capabilities.browserVersion ?? '',
    navigate: async (url) => {
      await ask(base, 'POST', `${own}/url`, { url });
    },
    execute: (script, args) => ask(base, 'POST', `${own}/execute/sync`, { script, args }),
    resize: async (width, height) => {
      await ask(base, 'POST', `${own}/window/rect`, { width, height });
    },
    command: (method, path, command) => ask(base, method, own + path, command),
    close: async () => {
      try {
        await ask(base, 'DELETE', own);
      } finally {
        await endAll();
      }
    },
  };
}

async function ask(base: string, method: string, path: string, body?: object): Promise<unknown> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const response = await fetch(base + path, init);
  const { value } = (await response.json()) as { value: unknown };
  if (!response.ok)
    throw new Error(`WebDriver refuses ${method} ${path}: ${JSON.stringify(value)}`);
  return value;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 3000);
  await ended;
  clearTimeout(late);
}

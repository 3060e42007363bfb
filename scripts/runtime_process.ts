// Drives the runtimes that are programs: each run is a process of its own, which prints the report

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import type { RuntimeBundle } from './runtime_bundle.ts';
import { root } from './tools.ts';

/** What the contract is asked for; see test/runtimes/main.ts. */
export type Mode = 'contract' | 'make' | 'open';

/** A runtime that is ready; each call is a run. */
export interface Driver {
  readonly run: (mode: Mode, input: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

const seconds = 240;
const nothing = async (): Promise<void> => {};

/** Runs a program to its end; rejects with what it said when it fails. */
export async function output(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: root });
  let [out, all] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    all += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (all += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  clearTimeout(timer);
  if (status !== 0) throw new Error(`It ended with ${String(status)}:\n${all.slice(-2000)}`);
  return out;
}

/** Prints, and ends: requests that no case's server ever answers would keep it for ten seconds more. */
const printAndEnd = (value: string): string =>
  `process.stdout.write(${value}, () => process.exit(0));`;

/** A program that runs a module file: Node, Bun, Deno. */
export function programDriver(
  bundle: RuntimeBundle,
  command: string,
  args: readonly string[] = [],
): Driver {
  const id = basename(command);
  return {
    run: (mode, input) => {
      const host = join(bundle.folder, `${id}_${mode}_${crypto.randomUUID()}.mjs`);
      const call = `await main(${JSON.stringify(mode)}, ${JSON.stringify(input)})`;
      writeFileSync(host, `import { main } from './contract.mjs';\n${printAndEnd(call)}\n`);
      return output(command, [...args, host]);
    },
    close: nothing,
  };
}

/** Vercel's edge-runtime: a context inside a Node of its own. */
export function edgeDriver(bundle: RuntimeBundle, node: string): Driver {
  return {
    run: (mode, input) => {
      const host = join(bundle.folder, `edge_${mode}.mjs`);
      const code = [
        `import { readFileSync } from 'node:fs';`,
        `import { EdgeRuntime } from 'edge-runtime';`,
        `const initialCode = readFileSync(${JSON.stringify(bundle.script)}, 'utf8');`,
        `const runtime = new EdgeRuntime({ initialCode });`,
        `const call = ${JSON.stringify(`contract.main(${JSON.stringify(mode)}, ${JSON.stringify(input)})`)};`,
        printAndEnd('await runtime.evaluate(call)'),
      ];
      writeFileSync(host, code.join('\n'));
      return output(node, [host]);
    },
    close: nothing,
  };
}

/** The `workerd` program itself, through `workerd test`: no Miniflare, no Node compatibility. */
export function workerdDriver(bundle: RuntimeBundle, compatibilityDate: string): Driver {
  const { default: workerd } = createRequire(import.meta.url)('workerd') as { default: string };
  return {
    run: async (mode, input) => {
      const call = `await main(${JSON.stringify(mode)}, ${JSON.stringify(input)})`;
      const host = `import { main } from 'contract';\nexport default { async test() { console.log(${call}); } };\n`;
      writeFileSync(join(bundle.folder, `workerd_${mode}.js`), host);
      const config = join(bundle.folder, `workerd_${mode}.capnp`);
      writeFileSync(config, workerdConfig(mode, compatibilityDate));
      return output(workerd, ['test', config]);
    },
    close: nothing,
  };
}

const workerdConfig = (mode: Mode, date: string): string => `
using Workerd = import "/workerd/workerd.capnp";
const worker :Workerd.Worker = (
  modules = [
    (name = "main", esModule = embed "workerd_${mode}.js"),
    (name = "contract", esModule = embed "contract.mjs"),
  ],
  compatibilityDate = "${date}",
  compatibilityFlags = ["no_nodejs_compat", "no_nodejs_compat_v2"],
);
const config :Workerd.Config = (services = [(name = "contract", worker = .worker)]);
`;

/** workerd as Miniflare runs it, over HTTP. */
export async function miniflareDriver(
  bundle: RuntimeBundle,
  compatibilityDate: string,
): Promise<Driver> {
  const host = `import { main } from './contract.mjs';
    export default {
      fetch: async (request) => new Response(await main(...(await request.json()))),
    };`;
  const contents = readFileSync(bundle.module, 'utf8');
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [
        { type: 'ESModule', path: 'host.mjs', contents: host },
        { type: 'ESModule', path: 'contract.mjs', contents },
      ],
      compatibilityDate,
      compatibilityFlags: ['no_nodejs_compat', 'no_nodejs_compat_v2'],
      port: 0,
      cf: false,
      telemetry: { enabled: false },
    }),
  );
  const url = await miniflare.ready;
  return {
    run: async (mode, input) => {
      const body = JSON.stringify([mode, input]);
      const signal = AbortSignal.timeout(seconds * 1000);
      const response = await fetch(url, { method: 'POST', body, signal });
      if (!response.ok) throw new Error(`It answers ${response.status}: ${await response.text()}`);
      return response.text();
    },
    close: () => miniflare.dispose(),
  };
}

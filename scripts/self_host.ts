// `npm run self-host -- FOLDER`: everything that plain workerd needs to run the gateway, without Cloudflare

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, stop } from 'esbuild';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { gatewayVariables } from './dev_variables.ts';
import { root } from './tools.ts';

/** What wrangler.toml says that plain workerd needs too. */
interface Deployed {
  readonly durableObjects: Readonly<Record<string, { readonly className: string }>>;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('Usage: npm run self-host -- FOLDER');
  process.exit(2);
}

const given = gatewayVariables.filter((name) => process.env[name] !== undefined);
const out = resolve(folder);
mkdirSync(join(out, 'state'), { recursive: true, mode: 0o700 });
await bundle(process.env['BUS'] === 'nats' ? 'worker/nats.ts' : 'worker/index.ts');
cpSync(join(root, 'dist/dashboard'), join(out, 'dashboard'), { recursive: true });
writeFileSync(join(out, 'swarmgate.capnp'), configuration(given));
console.log(`worker.js, swarmgate.capnp, the dashboard and the folder for its state are in ${out}`);
console.log(`It takes from the environment: ${given.length === 0 ? 'nothing' : given.join(', ')}`);
console.log(`Start it there: workerd serve swarmgate.capnp`);

async function bundle(entry: string): Promise<void> {
  await build({
    entryPoints: [join(root, entry)],
    absWorkingDir: root,
    outfile: join(out, 'worker.js'),
    bundle: true,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'warning',
  });
  await stop();
}

/** The configuration of workerd. Variables are named in it, and read when it starts. */
function configuration(names: readonly string[]): string {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(root, 'wrangler.toml'));
  const { durableObjects, compatibilityDate, compatibilityFlags } =
    workerOptions as unknown as Deployed;
  const objects = Object.entries(durableObjects);
  const quoted = (text: string): string => JSON.stringify(text);
  const bindings = [
    ...objects.map(
      ([name, { className }]) =>
        `(name = ${quoted(name)}, durableObjectNamespace = ${quoted(className)})`,
    ),
    '(name = "ASSETS", service = "dashboard")',
    ...names.map((name) => `(name = ${quoted(name)}, fromEnvironment = ${quoted(name)})`),
  ];
  // The key is part of every object's id: it must never change
  const namespaces = objects.map(([, { className }]) => {
    const key = quoted(`swarmgate-${className}`);
    return `(className = ${quoted(className)}, uniqueKey = ${key}, enableSql = true)`;
  });
  const list = (rows: readonly string[]): string => rows.map((row) => `\n    ${row},`).join('');
  return `# Made by \`npm run self-host\`. Start it in this folder: workerd serve swarmgate.capnp
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "gateway", worker = .gateway),
    (name = "dashboard", disk = (path = "dashboard")),
    (name = "state", disk = (path = "state", writable = true)),
    # Upstreams and trusted issuers may be in private networks too; they are named in the variables
    (name = "network", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = true),
    )),
  ],
  # Loopback: put what terminates TLS in front of it
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "gateway")],
);

const gateway :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${quoted(compatibilityDate)},
  compatibilityFlags = [${compatibilityFlags.map(quoted).join(', ')}],
  bindings = [${list(bindings)}
  ],
  durableObjectNamespaces = [${list(namespaces)}
  ],
  durableObjectStorage = (localDisk = "state"),
  globalOutbound = "network",
);
`;
}

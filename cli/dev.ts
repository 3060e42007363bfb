// `swarmgate dev`: the gateway on this machine, in workerd, with the keys of the project's folder

import type { Command } from 'commander';
import { join, resolve } from 'node:path';
import { startDevGateway } from './dev_gateway.ts';
import { usage } from './output/failure.ts';
import { examples } from './input/options.ts';
import { printNote } from './output/output.ts';
import { openProject } from './project_folder.ts';

interface DevOptions {
  readonly port?: string;
  readonly dir: string;
}

/** Variables of the gateway that are passed through from the environment. */
const passed: readonly string[] = [
  'AUDIENCE',
  'TIERS',
  'TRUSTED_ISSUERS',
  'ROUTES',
  'ALLOWED_ORIGINS',
  'TRUST_DOMAIN',
  'AUDIT',
  'TOKEN_SECONDS',
  'KEY_ACTIVE_SECONDS',
  'KEY_PUBLISH_SECONDS',
  'KEY_RETIRE_SECONDS',
  'DPOP_TIERS',
  'DPOP_NONCE',
];

const host = '127.0.0.1';

/** Adds the command. */
export function addDev(program: Command): void {
  program
    .command('dev')
    .description('run a gateway and authority on this machine, until Ctrl-C')
    .option('--port <number>', 'its port on 127.0.0.1 (default: PORT, else 8787)')
    .option('--dir <folder>', 'where its keys and state are; made if it is absent', '.swarmgate')
    .addHelpText(
      'after',
      [
        '',
        'Needs miniflare beside swarmgate: npm install --save-dev miniflare, at the version that is said.',
        "The gateway's variables (AUDIENCE, TRUSTED_ISSUERS, TOKEN_SECONDS and so on) are passed through.",
        examples('swarmgate dev', 'TOKEN_SECONDS=60 swarmgate dev --port 9000'),
      ].join('\n'),
    )
    .action(dev);
}

async function dev(options: DevOptions): Promise<void> {
  const port = readPort(options.port ?? process.env['PORT'] ?? '8787');
  const url = `http://${host}:${port}`;
  const { folder, operator, sealing, made } = await openProject(resolve(options.dir), url);
  for (const path of made) printNote(`made ${path}`);
  printNote('starting workerd …');
  const given = passed.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const stop = await startDevGateway({
    host,
    port,
    // A folder for each port, since its state names the address
    stateFolder: join(folder, 'state', String(port)),
    variables: {
      ISSUER: url,
      OPERATOR_JWK: JSON.stringify(operator.publicJwk),
      KEY_ENCRYPTION_KEY: sealing,
      ...Object.fromEntries(given),
    },
  });
  process.stdout.write(`ready ${url}\n`);
  await new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // Miniflare's own handlers would end the process at once, with the exit code of a failure
      process.removeAllListeners(signal);
      process.once(signal, () => done());
    }
  });
  await stop();
  process.exit(0);
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw usage('--port (or PORT) must be a number from 1 to 65535');
}

// A gateway that is an authority, and the command beside it with its operator's key

import { writeFileSync } from 'node:fs';
import { vi } from 'vitest';
import { privateKeyText } from '../../cli/output/key_text.ts';
import { makeKeys } from '../../scripts/dev_keys.ts';
import { developmentVariables } from '../../scripts/dev_variables.ts';
import { startGateway } from '../../scripts/gateway.ts';
import { findPort, host } from '../../scripts/port.ts';
import { makePlace, type Place, type Run, type RunOptions } from './command.ts';

// Each step is a process of its own, and other tests run at the same time
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** The command beside a gateway. */
export interface AuthorityPlace extends Omit<Place, 'remove'> {
  readonly url: string;
  /** Runs it against the gateway, as the operator where it needs one. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Run>;
  /** Runs it, and fails unless it ends with exit code 0; answers standard output without its last line ending. */
  readonly done: (args: readonly string[], options?: RunOptions) => Promise<string>;
  /** Registers an agent with a key in `<id>.json`, by a code. */
  readonly enroll: (id: string, ...options: readonly string[]) => Promise<void>;
  /** The status and code that a request with a token gets. */
  readonly ask: (headers: Readonly<Record<string, string>>) => Promise<string>;
  /** Stops the gateway; what is answered starts it again, at its place and with its state. */
  readonly outage: () => Promise<() => Promise<void>>;
  readonly stop: () => Promise<void>;
}

/** Starts both, on a free port and with state that goes with them; with variables as `npm start` takes them. */
export async function startAuthorityPlace(
  environment: Readonly<Record<string, string>> = {},
): Promise<AuthorityPlace> {
  const port = await findPort(0);
  if (port === undefined) throw new Error('No port is free');
  const url = `http://${host}:${port}`;
  const keys = await makeKeys();
  const { variables } = developmentVariables(environment, url, keys);
  const place = makePlace();
  const how = { port, variables, stateFolder: place.path('state') };
  let gateway = await startGateway(how);
  const operatorFile = place.path('operator.json');
  writeFileSync(operatorFile, await privateKeyText(keys.operator, 'jwk'), { mode: 0o600 });

  const run = (args: readonly string[], options: RunOptions = {}): Promise<Run> => {
    const env = { SWARMGATE_URL: url, SWARMGATE_KEY: operatorFile, ...options.env };
    return place.run(args, { ...options, env });
  };

  async function done(args: readonly string[], options?: RunOptions): Promise<string> {
    const { code, out, err } = await run(args, options);
    if (code !== 0) throw new Error(`swarmgate ${args.join(' ')} ended with ${code}: ${err}`);
    return out.replace(/\n$/, '');
  }

  return {
    ...place,
    url,
    run,
    done,
    async enroll(id, ...options) {
      const policy = ['--tier', 'fast', '--scope', 'bus:publish', 'bus:receive', ...options];
      const input = await done(['enrollments', 'add', id, ...policy]);
      await done(['enroll', '--key', `${id.replaceAll('/', '-')}.json`], { input });
    },
    async ask(headers) {
      const response = await fetch(`${url}/whoami`, { headers });
      const { code = '' } = (await response.json()) as { code?: string };
      return `${response.status} ${code}`.trim();
    },
    async outage() {
      await gateway.stop();
      return async () => {
        gateway = await startGateway(how);
      };
    },
    async stop() {
      await gateway.stop();
      place.remove();
    },
  };
}

/** Asks until the answer is the expected one, for five seconds at most; answers how long it took, in ms. */
export async function until(expected: string, ask: () => Promise<string>): Promise<number> {
  const began = performance.now();
  for (;;) {
    const answer = await ask();
    const took = performance.now() - began;
    if (answer === expected) return took;
    if (took > 5000) throw new Error(`It is still ${answer} after ${Math.round(took)} ms`);
  }
}

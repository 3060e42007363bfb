// The servers that tests run against: where each may be, and what installs it

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One server program. */
export interface Server {
  readonly name: string;
  /** The environment variable that overrides every other place. */
  readonly variable: string;
  /** Folders beside those of PATH: what administrators run is not always in it. */
  readonly folders: readonly string[];
  /** The Debian and Ubuntu packages that bring it. */
  readonly packages: readonly string[];
  /** Where others find it. */
  readonly elsewhere: string;
}

/** NATS, for the bus of that name. */
export const natsServer: Server = {
  name: 'nats-server',
  variable: 'NATS_SERVER_PATH',
  folders: ['/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'],
  packages: ['nats-server'],
  elsewhere: 'brew install nats-server, or https://github.com/nats-io/nats-server/releases',
};

/** A further server is a further row. */
export const servers: readonly Server[] = [natsServer];

/** The program on this machine, or `undefined`; a variable that names nothing throws. */
export function findServer({ name, variable, folders }: Server): string | undefined {
  const named = process.env[variable];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new Error(`${variable} names "${named}", which is not an executable file`);
  }
  const inPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  return [...inPath, ...folders].map((folder) => join(folder, file)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Makes sure that every server of the table is on this machine, or says what is missing and stops

import { spawnSync } from 'node:child_process';
import { findServer, servers, type Server } from './server_table.ts';

for (const server of servers) {
  const path = findServer(server) ?? installed(server);
  if (path === undefined) {
    console.error(whatIsMissing(server));
    process.exitCode = 1;
  } else {
    console.log(`${server.name}: ${path}`);
  }
}

function installed(server: Server): string | undefined {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args: string[]): boolean => {
    const [command = '', ...rest] = [...sudo, 'apt-get', ...args];
    console.log(`$ ${[command, ...rest].join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    return spawnSync(command, rest, { stdio: 'inherit', env }).status === 0;
  };
  if (!apt('--version') || !apt('update')) return undefined;
  return apt('install', '-y', '--no-install-recommends', ...server.packages)
    ? findServer(server)
    : undefined;
}

function whatIsMissing({ name, variable, packages, elsewhere }: Server): string {
  return [
    `Missing: ${name}. Tests run against the real one and it was not found or could not be installed`,
    'Do one of these, then run the command again:',
    `  on Debian or Ubuntu:  sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`,
    `  elsewhere:            ${elsewhere}`,
    `  already installed:    set ${variable} to the path of its executable`,
  ].join('\n');
}

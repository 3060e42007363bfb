// Makes sure that every browser of the table is on this machine, or says what is missing and stops

import { spawnSync } from 'node:child_process';
import { browsers, existsFor, findBrowser } from './browser_table.ts';
import { ensureBrowser, type Machine } from './browser_setup.ts';
import { toolPath } from './tools.ts';

const machine: Machine = {
  find: findBrowser,
  can: (command, args) => spawnSync(command, [...args], { stdio: 'ignore' }).status === 0,
  run: (command, args) => {
    console.log(`$ ${command} ${args.join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    return spawnSync(command, [...args], { stdio: 'inherit', env }).status === 0;
  },
  isRoot: process.getuid?.() === 0,
  playwright: [process.execPath, toolPath('playwright')],
};

for (const browser of browsers) {
  if (!existsFor(browser)) {
    console.log(`${browser.title}: NOT RUN on this machine, there is none for ${process.platform}`);
    continue;
  }
  const outcome = ensureBrowser(browser, machine);
  if (outcome.path === undefined) {
    console.error(outcome.missing);
    process.exitCode = 1;
  } else {
    console.log(`${browser.title}: ${outcome.path}`);
  }
}

// Decides how one browser gets onto a machine: found, from the system's packages, from Playwright

import type { Browser } from './browser_table.ts';

/** What the decision may ask and do; the real machine is in scripts/browsers.ts. */
export interface Machine {
  readonly find: (browser: Browser) => string | undefined;
  /** Whether a command exists and succeeds; shows nothing. */
  readonly can: (command: string, args: readonly string[]) => boolean;
  /** Runs a command, shows it and its output, and tells whether it succeeded. */
  readonly run: (command: string, args: readonly string[]) => boolean;
  readonly isRoot: boolean;
  /** The command line that starts Playwright's own command. */
  readonly playwright: readonly [command: string, ...args: string[]];
}

/** The browser's path, or what to tell the person at the machine. */
export type Outcome =
  | { readonly path: string }
  | { readonly path?: undefined; readonly missing: string };

/** Looks for the browser, else tries each installer in turn, and looks again after each. */
export function ensureBrowser(browser: Browser, machine: Machine): Outcome {
  const found = machine.find(browser);
  if (found !== undefined) return { path: found };
  for (const install of [installWithApt, installWithPlaywright]) {
    install(browser, machine);
    const installed = machine.find(browser);
    if (installed !== undefined) return { path: installed };
  }
  return { missing: whatIsMissing(browser) };
}

function installWithApt(browser: Browser, machine: Machine): void {
  if (!machine.can('apt-get', ['--version'])) return;
  if (!machine.isRoot && !machine.can('sudo', ['-n', 'true'])) return;
  const apt = (...args: string[]): boolean =>
    machine.isRoot ? machine.run('apt-get', args) : machine.run('sudo', ['-n', 'apt-get', ...args]);
  if (!apt('update')) return;
  apt('install', '-y', '--no-install-recommends', ...browser.packages);
}

function installWithPlaywright(browser: Browser, machine: Machine): void {
  if (browser.playwright === undefined) return;
  const [command, ...args] = machine.playwright;
  machine.run(command, [...args, 'install', browser.playwright]);
}

function whatIsMissing({ title, variable, packages, playwright }: Browser): string {
  const elsewhere =
    playwright === undefined
      ? []
      : [`  elsewhere:            npx playwright install ${playwright}`];
  return [
    `Missing: ${title}. The tests run in a real browser and none was found or could be installed`,
    'Do one of these, then run the command again:',
    `  on Debian or Ubuntu:  sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`,
    ...elsewhere,
    `  already installed:    set ${variable} to the path of its executable`,
  ].join('\n');
}

// The browsers that the contract runs in: where each may be, and what installs it

import { accessSync, constants, existsSync, globSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** One browser of the test suite. */
export interface Browser {
  /** The vitest project's name, and Playwright's name for the browser. */
  readonly name: 'chromium';
  /** The environment variable that overrides every other place. */
  readonly variable: string;
  /** Places that operating systems use, most likely first. */
  readonly places: readonly string[];
  /** The executable inside Playwright's cache, as globs under the cache folder. */
  readonly cached: readonly string[];
  /** The Debian and Ubuntu packages that bring it. */
  readonly packages: readonly string[];
}

/** A further browser is a further row; vitest.config.ts makes a project of each. */
export const browsers: readonly Browser[] = [
  {
    name: 'chromium',
    variable: 'CHROMIUM_PATH',
    places: [
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/usr/bin/google-chrome-stable',
      '/usr/bin/google-chrome',
      '/opt/google/chrome/chrome',
      '/snap/bin/chromium',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
      'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
    ],
    cached: [
      'chromium-*/chrome-*/chrome',
      'chromium-*/chrome-*/chrome.exe',
      'chromium-*/chrome-*/*.app/Contents/MacOS/*',
    ],
    packages: ['chromium'],
  },
];

/** The browser's executable on this machine, or `undefined`; a variable that names nothing throws. */
export function findBrowser(browser: Browser): string | undefined {
  const named = process.env[browser.variable];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new Error(`${browser.variable} names "${named}", which is not an executable file`);
  }
  return [...browser.places, ...cachedPlaces(browser)].find(isExecutable);
}

function cachedPlaces(browser: Browser): string[] {
  const cache = playwrightCache();
  if (!existsSync(cache)) return [];
  return browser.cached.flatMap((pattern) =>
    globSync(pattern, { cwd: cache }).map((found) => join(cache, found)),
  );
}

function playwrightCache(): string {
  const named = process.env['PLAYWRIGHT_BROWSERS_PATH'];
  if (named !== undefined && named !== '' && named !== '0') return named;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'ms-playwright');
  if (process.platform === 'win32') return join(homedir(), 'AppData', 'Local', 'ms-playwright');
  return join(homedir(), '.cache', 'ms-playwright');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

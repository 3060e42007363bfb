// The browsers that the contract runs in: where each may be, and what installs it

import { accessSync, constants, existsSync, globSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { WebDriverOptions } from './webdriver.ts';

const webKitDriver = { driver: '/usr/bin/WebKitWebDriver', display: '/usr/bin/Xvfb' };

/** One browser of the test suite. */
export interface Browser {
  /** The vitest project's name, and Playwright's name for the browser. */
  readonly name: 'chromium' | 'firefox' | 'webkit';
  /** What people call it. */
  readonly title: string;
  /** The environment variable that overrides every other place. */
  readonly variable: string;
  /** Places that operating systems use, most likely first. */
  readonly places: readonly string[];
  /** The executable inside Playwright's cache, as globs under the cache folder. */
  readonly cached: readonly string[];
  /** The Debian and Ubuntu packages that bring it. */
  readonly packages: readonly string[];
  /** Further programs without which it cannot be driven. */
  readonly helpers?: readonly string[];
  /** The operating systems that have it; absent: all. */
  readonly systems?: readonly NodeJS.Platform[];
  /** What Playwright calls it; absent where Playwright's own build cannot stand in for it. */
  readonly playwright?: string;
}

/** A further browser is a further row; vitest.config.ts makes a project of each. */
export const browsers: readonly Browser[] = [
  {
    name: 'chromium',
    title: 'Chromium',
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
    playwright: 'chromium',
  },
  {
    name: 'firefox',
    title: 'Firefox',
    variable: 'FIREFOX_PATH',
    // Debian's name first: the release that is supported longest
    places: [
      '/usr/bin/firefox-esr',
      '/usr/bin/firefox',
      '/snap/bin/firefox',
      '/Applications/Firefox.app/Contents/MacOS/firefox',
      'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
    ],
    cached: [],
    packages: ['firefox-esr'],
  },
  {
    name: 'webkit',
    title: 'WebKitGTK',
    variable: 'WEBKIT_PATH',
    places: [
      '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
      '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
      '/usr/lib64/webkit2gtk-4.1/MiniBrowser',
      '/usr/libexec/webkit2gtk-4.1/MiniBrowser',
    ],
    cached: [],
    packages: ['webkit2gtk-driver', 'xvfb'],
    helpers: [webKitDriver.driver, webKitDriver.display],
    systems: ['linux'],
  },
];

/** Whether a browser exists for a system at all. */
export function existsFor(
  { systems }: Browser,
  system: NodeJS.Platform = process.platform,
): boolean {
  return systems?.includes(system) ?? true;
}

/** How WebKitGTK is started, which has a WebDriver of its own and needs a display. */
export function webKitOptions(binary: string | undefined): WebDriverOptions {
  const browser = { binary: binary ?? 'MiniBrowser', args: ['--automation'] };
  return {
    ...webKitDriver,
    capabilities: { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': browser },
  };
}

/** The browser's executable on this machine, or `undefined`; a variable that names nothing throws. */
export function findBrowser(browser: Browser): string | undefined {
  const named = process.env[browser.variable];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new Error(`${browser.variable} names "${named}", which is not an executable file`);
  }
  if (!(browser.helpers ?? []).every(isExecutable)) return undefined;
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

// Drives WebKitGTK for vitest, which has no provider for it: one session over plain WebDriver

import { defineBrowserProvider } from '@vitest/browser';
import type { BrowserProvider, BrowserProviderOption, TestProject } from 'vitest/node';
import {
  startWebDriver,
  type WebDriverOptions,
  type WebDriverSession,
} from '../../scripts/webdriver.ts';

function makeProvider(project: TestProject, options: WebDriverOptions): BrowserProvider {
  let session: Promise<WebDriverSession> | undefined;
  project.browser?.registerCommand(
    '__vitest_viewport' as never,
    (async (_context: unknown, { width, height }: { width: number; height: number }) =>
      (await session)?.resize(width, height)) as never,
  );
  return {
    name: 'webdriver',
    supportsParallelism: false,
    initScripts: [],
    getCommandsContext: () => ({}),
    openPage: async (_sessionId, url) => {
      session ??= startWebDriver(options);
      await (await session).navigate(url);
    },
    close: async () => {
      const open = session;
      session = undefined;
      await (await open)?.close();
    },
  };
}

/** The provider of one browser that a WebDriver of the machine can start. */
export function webdriver(options: WebDriverOptions): BrowserProviderOption {
  return defineBrowserProvider({
    name: 'webdriver',
    supportedBrowser: ['webkit'],
    options,
    providerFactory: (project) => makeProvider(project, options),
  });
}

// The test projects: the contract in every runtime, and what belongs to one runtime only

import { existsSync } from 'node:fs';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import type { BrowserProviderOption } from 'vitest/node';
import {
  browsers,
  existsFor,
  findBrowser,
  webKitOptions,
  type Browser,
} from './scripts/browser_table.ts';
import { LongestFirst } from './test/support/longest_first.ts';
import { webdriver } from './test/support/webdriver_provider.ts';

const contract = 'test/contract/*.test.ts';

// What the Durable Objects of an authority read; the key seals nothing but what tests make
const variables = {
  ISSUER: 'https://gate.example',
  KEY_ENCRYPTION_KEY: '5_mfFL0WcLLOsvkHRULyLpMT1_SNYuBvCSm3kOOHr6k',
};

const worker = existsSync('wrangler.toml')
  ? { wrangler: { configPath: './wrangler.toml' }, miniflare: { bindings: variables } }
  : { miniflare: { compatibilityDate: '2026-10-01' } };

// For hangs only: a machine that is busy with other things must not fail a test
const patience = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000 } },
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...patience,
          name: 'node',
          environment: 'node',
          globalSetup: 'test/support/gateway_build.ts',
          // Many of its tests wait for a gateway or a process: more of them than there are cores
          maxWorkers: 4,
          // They test processes and pure functions: loading everything anew for each file is most of their cost
          isolate: false,
          include: [
            contract,
            'test/unit/**/*.test.ts',
            'test/cli/**/*.test.ts',
            'test/gateway/**/*.test.ts',
            'test/package/**/*.test.ts',
            'test/scripts/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          ...patience,
          name: 'dashboard',
          environment: 'node',
          globalSetup: 'test/support/gateway_build.ts',
          // Each file is a gateway and a browser
          maxWorkers: 2,
          include: ['test/dashboard/**/*.test.ts'],
        },
      },
      {
        plugins: [cloudflareTest(worker)],
        test: {
          ...patience,
          name: 'workerd',
          // Some of its tests wait for alarms
          maxWorkers: 3,
          // A runtime for each file is most of the cost; what a file stores has names of its own, or is reset
          isolate: false,
          include: [contract, 'test/worker/**/*.test.ts'],
        },
      },
      ...browsers
        .filter((browser) => existsFor(browser))
        .map((browser) => ({
          optimizeDeps: { include: ['jose', 'vitest'] },
          test: {
            ...patience,
            name: browser.name,
            include: [contract, 'test/browser/**/*.test.ts'],
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              provider: providerOf(browser),
              instances: [{ browser: browser.name, name: browser.name }],
            },
          },
        })),
    ],
  },
});

// Without a path the drivers look in their own places and fail with their own words: nothing is skipped
function providerOf(browser: Browser): BrowserProviderOption {
  const executablePath = findBrowser(browser);
  if (browser.name === 'webkit') return webdriver(webKitOptions(executablePath));
  const path = executablePath === undefined ? {} : { executablePath };
  const channel = browser.name === 'firefox' ? { channel: 'moz-firefox' } : {};
  return playwright({ launchOptions: { ...path, ...channel } });
}

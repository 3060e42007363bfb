// One way to use a page in every engine: real clicks and keys, and functions that run in the page

import { setTimeout as pause } from 'node:timers/promises';
import {
  browsers,
  findBrowser,
  webKitOptions,
  type Browser,
} from '../../../scripts/browser_table.ts';
import { playwrightPage } from './playwright_page.ts';
import { webdriverPage } from './webdriver_page.ts';

/** The name of an engine. */
export type Engine = Browser['name'];

/** What every engine's driver can do. */
export interface RawPage {
  readonly goto: (url: string) => Promise<void>;
  /** Runs the body of a function in the page. */
  readonly run: (body: string, args: readonly unknown[]) => Promise<unknown>;
  /** Clicks the one element of a CSS selector or an XPath; throws where it is not there. */
  readonly click: (selector: string) => Promise<void>;
  /** Types into it. */
  readonly type: (selector: string, text: string) => Promise<void>;
  /** Presses a key where the focus is. */
  readonly press: (key: 'Tab' | 'Enter' | ' ' | 'Escape') => Promise<void>;
  readonly typeHere: (text: string) => Promise<void>;
  readonly resize: (width: number, height: number) => Promise<void>;
  /** The whole page as a PNG. */
  readonly picture: () => Promise<Buffer>;
  readonly close: () => Promise<void>;
}

/** A page that is open. */
export interface PageDriver extends RawPage {
  readonly engine: Engine;
  /** Waits until the body of a function answers something. */
  readonly until: <T>(body: string, ...args: readonly unknown[]) => Promise<T>;
  /** Waits until the page shows a text. */
  readonly shows: (text: string) => Promise<void>;
  readonly text: (selector?: string) => Promise<string>;
  /** Puts a text into a field at once, as pasting does. */
  readonly fill: (selector: string, text: string) => Promise<void>;
}

const patience = 20_000;
const every = 25;

/** Tries until it succeeds, or throws what it threw last. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await pause(every);
    }
  }
}

/** Opens an empty page in a browser of the table. */
export async function openPage(engine: Engine): Promise<PageDriver> {
  const browser = browsers.find(({ name }) => name === engine);
  const path = browser === undefined ? undefined : findBrowser(browser);
  const raw =
    engine === 'webkit'
      ? await webdriverPage(webKitOptions(path))
      : await playwrightPage(engine, path);

  async function until<T>(body: string, ...args: readonly unknown[]): Promise<T> {
    const end = performance.now() + patience;
    for (;;) {
      const value = await raw.run(body, args);
      if (value !== null && value !== undefined && value !== false && value !== '')
        return value as T;
      if (performance.now() > end) {
        const seen = String(await raw.run('return document.body.innerText', []));
        throw new Error(
          `${engine} waits for ${body} ${JSON.stringify(args)}; the page says: ${seen}`,
        );
      }
      await pause(every);
    }
  }

  return {
    ...raw,
    engine,
    until,
    click: (selector) => eventually(() => raw.click(selector)),
    type: (selector, text) => eventually(() => raw.type(selector, text)),
    shows: async (text) => {
      await until('return document.body.innerText.includes(args[0])', text);
    },
    fill: async (selector, text) => {
      const set =
        'const field = document.querySelector(args[0]); if (field === null) return false; field.value = args[1];' +
        'field.dispatchEvent(new InputEvent("input", { bubbles: true })); return true';
      await until(set, selector, text);
    },
    text: async (selector = 'body') =>
      String(await raw.run('return document.querySelector(args[0])?.innerText ?? ""', [selector])),
  };
}

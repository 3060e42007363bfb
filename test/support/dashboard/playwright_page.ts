// Chromium and Firefox through Playwright

import { chromium, firefox, type Locator, type Page } from 'playwright';
import type { RawPage } from './page_driver.ts';

const patience = 5000;
/** Pixels of a picture: what is below shows nothing new. */
const highest = 2400;

/** Opens a page; `page` is Playwright's own, for what only it can do. */
export async function playwrightPage(
  engine: 'chromium' | 'firefox',
  path: string | undefined,
): Promise<RawPage & { readonly page: Page }> {
  const type = engine === 'chromium' ? chromium : firefox;
  const browser = await type.launch({
    ...(path === undefined ? {} : { executablePath: path }),
    ...(engine === 'firefox' ? { channel: 'moz-firefox' } : {}),
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const at = (selector: string): Locator =>
    page.locator(selector.startsWith('/') ? `xpath=${selector}` : selector).first();
  return {
    page,
    goto: async (url) => {
      await page.goto(url);
    },
    run: (body, args) =>
      page.evaluate(`(async (...args) => { ${body} })(...${JSON.stringify(args)})`),
    click: (selector) => at(selector).click({ timeout: patience }),
    type: (selector, text) => at(selector).fill(text, { timeout: patience }),
    press: (key) => page.keyboard.press(key === ' ' ? 'Space' : key),
    typeHere: (text) => page.keyboard.type(text),
    resize: (width, height) => page.setViewportSize({ width, height }),
    picture: async () => {
      const { width = 1280 } = page.viewportSize() ?? {};
      const tall = await page.evaluate<number>('document.documentElement.scrollHeight');
      const clip = { x: 0, y: 0, width, height: Math.min(tall, highest) };
      return page.screenshot({ fullPage: true, clip });
    },
    close: () => browser.close(),
  };
}

// WebKitGTK through plain WebDriver

import { startWebDriver, type WebDriverOptions } from '../../../scripts/webdriver.ts';
import type { RawPage } from './page_driver.ts';

const elementKey = 'element-6066-11e4-a52e-4f735466cecf';
/** Codes of keys, W3C WebDriver section 17.4.2. */
const keys = { Tab: '\uE004', Enter: '\uE007', Escape: '\uE00C', ' ': ' ' } as const;

/** Opens a page. */
export async function webdriverPage(options: WebDriverOptions): Promise<RawPage> {
  const session = await startWebDriver(options);
  const { command } = session;

  async function find(selector: string): Promise<string> {
    const using = selector.startsWith('/') ? 'xpath' : 'css selector';
    const found = (await command('POST', '/element', { using, value: selector })) as Record<
      string,
      string
    >;
    return found[elementKey] ?? '';
  }

  async function typeHere(text: string): Promise<void> {
    const actions = Array.from(text, (value) => [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ]).flat();
    await command('POST', '/actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  return {
    goto: session.navigate,
    run: (body, args) =>
      session.execute(`return (async (...args) => { ${body} })(...arguments)`, args),
    click: async (selector) => {
      await command('POST', `/element/${await find(selector)}/click`, {});
    },
    type: async (selector, text) => {
      const element = await find(selector);
      await command('POST', `/element/${element}/clear`, {});
      if (text !== '') await command('POST', `/element/${element}/value`, { text });
    },
    press: (key) => typeHere(keys[key]),
    typeHere,
    resize: session.resize,
    picture: async () => Buffer.from(String(await command('GET', '/screenshot')), 'base64'),
    close: session.close,
  };
}

// What tests do with the page, and what they ask of it

import type { PageDriver } from './page_driver.ts';
import type { Stage } from './stage.ts';

/** Opens the dashboard and signs in with a new code. */
export async function signIn(
  page: PageDriver,
  stage: Stage,
  scope: readonly string[] = ['admin:read', 'admin:write'],
): Promise<void> {
  await page.goto(`${stage.url}/dashboard/`);
  await page.type('input[name=code]', await stage.code(...scope));
  await page.click('//button[normalize-space()="Sign in"]');
  await page.shows('Agents on line');
}

/** The page's verdicts on what was pasted, in order. */
export const verdicts =
  'return [...document.querySelectorAll("article > h2")].map((found) => found.innerText)';

/**
 * What hostile text has become in the page, if it is more than text: elements, a global, or
 * characters that move or hide their neighbours.
 */
export const alarming = `
  const found = [...document.querySelectorAll('img[src="x"], .pwned, main script')].map((each) => each.outerHTML);
  if (window.pwned !== undefined) found.push('a script ran');
  const odd = document.body.innerText.match(/[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u202a-\\u202e\\u2066-\\u2069]/g);
  return [...found, ...(odd ?? []).map((each) => 'U+' + each.codePointAt(0).toString(16))];`;

/** What the page keeps in its browser. */
interface Stored {
  readonly cookie: string;
  /** Every value of every storage, as text. */
  readonly texts: readonly string[];
  /** Every key: its type, and whether it can be taken out. */
  readonly keys: readonly string[];
}

const inspect = `
  const texts = [...Object.entries(localStorage), ...Object.entries(sessionStorage)].flat();
  const keys = [];
  const look = (value) => {
    if (value instanceof CryptoKey) keys.push(value.type + ' ' + value.extractable);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(look);
    else texts.push(String(value));
  };
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      (await done(database.transaction(store).objectStore(store).getAll())).forEach(look);
    }
    database.close();
  }
  return { cookie: document.cookie, texts, keys: keys.toSorted() };`;

/** Looks into every storage of the page. */
export async function storedIn(page: PageDriver): Promise<Stored> {
  return (await page.run(inspect, [])) as Stored;
}

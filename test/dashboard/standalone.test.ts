// The page that verifies on its own, from a disk, in every engine: it finds what is wrong, opens what is sealed, and reaches nothing

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browsers, existsFor } from '../../scripts/browser_table.ts';
import { createSealer, sealClaims } from '../../src/seal/index.ts';
import { hostileTokens, hostileText } from '../support/dashboard/hostile_tokens.ts';
import { alarming, verdicts } from '../support/dashboard/operator_page.ts';
import { openPage, type PageDriver } from '../support/dashboard/page_driver.ts';
import { startRecordingProxy, type RecordingProxy } from '../support/dashboard/recording_proxy.ts';
import { makeKey, mintToken } from '../support/tokens.ts';

const file = new URL('../../dist/dashboard/verify.html', import.meta.url).href;
const issuer = 'https://issuer.example';
const secret = Buffer.from('a secret of thirty-two characters')
  .subarray(0, 32)
  .toString('base64url');

/** Tries to reach a server and to make markup; gathers what was stopped. */
const ways = `
  window.stopped = new Set();
  addEventListener('securitypolicyviolation', ({ effectiveDirective }) => stopped.add(effectiveDirective));
  fetch(args[0]).catch(() => stopped.add('fetch rejected'));
  const image = document.createElement('img');
  image.src = args[0] + '/image';
  const script = document.createElement('script');
  try { script.src = args[0] + '/script'; } catch { stopped.add('script refused'); }
  document.body.append(image, script);
  try { document.body.insertAdjacentHTML('beforeend', '<b class="pwned">'); } catch { stopped.add('markup'); }`;

describe.for(browsers.filter((browser) => existsFor(browser)))('in $name', ({ name }) => {
  let page: PageDriver;
  let elsewhere: RecordingProxy;

  beforeAll(async () => {
    [page, elsewhere] = await Promise.all([openPage(name), startRecordingProxy()]);
  });

  afterAll(async () => {
    await page.close();
    await elsewhere.stop();
  });

  test('tokens are verified against a saved key set, and sealed claims are opened', async () => {
    const key = await makeKey();
    const sealed = await sealClaims(
      { budget: 42, note: hostileText },
      createSealer({ key: secret }),
    );
    const token = await mintToken(key, issuer, 'worker', 'bus:publish', { claims: { sealed } });
    const table = await hostileTokens(issuer, key);
    await page.goto(file);
    await page.fill('details label:nth-of-type(1) input', issuer);
    await page.fill('details label:nth-of-type(2) input', 'swarm-bus');
    await page.fill('details textarea', JSON.stringify({ keys: [key.publicJwk] }));
    await page.click('//button[normalize-space()="Trust these keys"]');
    await page.shows('(keys that you gave)');
    await page.fill('form textarea', [token, ...table.map(({ line }) => line)].join('\n'));
    await page.click('//button[normalize-space()="Verify here"]');
    await page.until(`${verdicts}.length === args[0]`, table.length + 1);
    expect(await page.run(verdicts, [])).toEqual([
      'Valid: worker',
      ...table.map(({ says }) => says),
    ]);
    await page.fill('article input[type=password]', 'A'.repeat(43));
    await page.click('//button[normalize-space()="Open them here"]');
    await page.until('return document.querySelector("article [role=alert]")?.innerText');
    await page.fill('article input[type=password]', secret);
    await page.click('//button[normalize-space()="Open them here"]');
    await page.shows('Sealed claims, opened here');
    expect(await page.text()).toContain('budget\t42');
    expect(await page.run(alarming, [])).toEqual([]);
  });

  test('its policy stops every way out', async () => {
    await page.run(ways, [elsewhere.url]);
    // A fetch that is stopped rejects; whatever else is stopped is told by an event
    await page.until(
      'return ["fetch rejected", "connect-src", "img-src", "markup"].every((each) => window.stopped.has(each))',
    );
    await page.until('return [...window.stopped].some((each) => each.startsWith("script"))');
    expect(await page.run('return document.querySelectorAll(".pwned").length', [])).toBe(0);
    expect(elsewhere.seen).toEqual([]);
  });
});

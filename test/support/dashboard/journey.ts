// What an operator does with the page from the first minute on: the same in every engine

import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKey } from '../tokens.ts';
import { hostileTokens } from './hostile_tokens.ts';
import { alarming, signIn, storedIn, verdicts } from './operator_page.ts';
import { openPage, type Engine, type PageDriver } from './page_driver.ts';
import { playScenario, type Scenario } from './scenario.ts';
import { startStage, type Stage } from './stage.ts';

/** Defines the tests for one engine. They follow one another, as a day does. */
export function defineJourney(engine: Engine): void {
  let stage: Stage;
  let scenario: Scenario;
  let page: PageDriver;
  let code: string;

  const open = (view: string): Promise<unknown> => page.run('location.hash = args[0]', [view]);
  const press = (name: string): Promise<void> =>
    page.click(`//button[normalize-space()="${name}"]`);

  /** As a person would who is told to try again: on a busy machine a feed comes too late. */
  const pressUntil = (name: string, text: string): Promise<unknown> =>
    page.until(
      `if (document.body.innerText.includes(args[1])) return true;
       [...document.querySelectorAll('button')].find(({ innerText }) => innerText === args[0])?.click();`,
      name,
      text,
    );

  beforeAll(async () => {
    [stage, page] = await Promise.all([startStage(), openPage(engine)]);
    scenario = await playScenario(stage);
  });

  afterAll(async () => {
    await page.close();
    await stage.stop();
  });

  test('a wrong code is refused in words, a right one signs in, and signs in again after a reload', async () => {
    code = await stage.code('admin:read', 'admin:write');
    await page.goto(`${stage.url}/dashboard/`);
    await page.type('input[name=code]', `${code.slice(0, -4)}AAAA`);
    await press('Sign in');
    await page.until('return document.querySelector("[role=alert]")?.innerText');
    expect(await page.text('[role=alert]')).toMatch(/code/i);
    await page.type('input[name=code]', code);
    await press('Sign in');
    await page.shows('Agents on line');
    await page.goto(`${stage.url}/dashboard/?again`);
    await page.shows('Agents on line');
  });

  test('what the browser keeps is no secret: no cookie, no token, a key that cannot leave it', async () => {
    const { cookie, texts, keys } = await storedIn(page);
    expect(cookie).toBe('');
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((text) => /eyJ|"d"|BEGIN/.test(text) || text.includes(code))).toEqual([]);
    expect(keys).toEqual(['private false']);
  });

  test('the figures are what the swarm did, and follow what it does', async () => {
    const refused =
      'return document.querySelector("a[href$=scope_insufficient]")?.closest("tr")?.innerText.replace(/\\s+/g, " ")';
    expect(await page.until(refused)).toBe('scope_insufficient 2');
    for (let tries = 0; tries < 3; tries++) {
      const message = {
        to: 'team/coder',
        type: 'REQUEST',
        subject: 'deploy',
        payload: {},
      } as const;
      await expect(scenario.planner.bus.send(message)).rejects.toMatchObject({
        code: 'scope_insufficient',
      });
    }
    // The table is of whole figures: asked for again every few seconds
    await page.until(`${refused} === "scope_insufficient 5"`);
    await page.click('a[href$=scope_insufficient]');
    await page.shows('5 of the newest');
    expect(await page.text('tbody')).toContain('deploy');
  });

  test('tokens are verified in the page, each with its exact code, and none leaves it', async () => {
    const key = await makeKey();
    const issuer = 'https://issuer.example';
    const table = await hostileTokens(issuer, key);
    await open('#/verify');
    await page.shows('(this gateway');
    await page.click('summary');
    await page.type('//label[contains(., "Issuer, exactly")]/input', issuer);
    await page.type('//label[contains(., "Audience")]/input', 'swarm-bus');
    await page.type(
      '//label[contains(., "Keys:")]/textarea',
      JSON.stringify({ keys: [key.publicJwk] }),
    );
    await press('Trust these keys');
    await page.shows('(keys that you gave)');
    stage.proxy.seen.length = 0;
    await page.fill('form textarea', table.map(({ line }) => line).join('\n'));
    await press('Verify here');
    await page.until(`${verdicts}.length === args[0]`, table.length);
    const said = (await page.run(verdicts, [])) as readonly string[];
    expect(table.map(({ what }, at) => [what, said[at]])).toEqual(
      table.map(({ what, says }) => [what, says]),
    );
    expect(await page.run(alarming, [])).toEqual([]);
    expect(await page.text()).toContain('\\u{202e}evil\\u{1b}[31m');
    const sent = JSON.stringify(stage.proxy.seen);
    const parts = table.flatMap(({ line }) =>
      line.split(/[\s.]/).filter((part) => part.length > 60),
    );
    expect(parts.length).toBeGreaterThan(40);
    expect(parts.filter((part) => sent.includes(part))).toEqual([]);
  });

  test('an agent is revoked in the page: its socket closes, and the time that it took is shown', async () => {
    const { coder } = scenario;
    const socket = await coder.socket();
    await open(`#/agent/${encodeURIComponent(coder.id)}`);
    await press('Revoke the agent');
    await page.click('//dialog//button[normalize-space()="Revoke the agent"]');
    const pressed = performance.now();
    const { code: ending, at } = await socket.closed;
    expect(ending).toBe(4403);
    expect(at - pressed).toBeLessThan(5000);
    await page.until(
      'return /public [\\d,.]+ ms after/.test(document.querySelector(".notice")?.innerText)',
    );
    // Requests learn of it by the view, sockets by a push: within a second of one another
    await expect
      .poll(async () => (await coder.call(`${stage.url}/whoami`)).status, { timeout: 5000 })
      .toBe(401);
    await page.until(
      'return /first refusal of a revoked token came [\\d,.]+ ms after/.test(document.querySelector(".notice")?.innerText)',
    );
    await page.shows('revoked');
  });

  test('a token of the gateway shows as revoked, by its feed and by its status list', async () => {
    const { token } = await scenario.scraper.source.token();
    await open('#/verify');
    for (const way of ['feed', 'status lists']) {
      await press(`This gateway, by its ${way}`);
      await page.shows(`and ${way === 'feed' ? 'revocation feed' : way})`);
      await page.fill('form textarea', token);
      await pressUntil('Verify here', `not in the ${way === 'feed' ? way : 'status list'} as of`);
      await page.shows('Valid: scraper');
    }
    const revoked = { kind: 'agent', value: 'scraper' };
    expect((await stage.operator('POST', '/admin/revocations', revoked)).status).toBe(201);
    await press('This gateway, by its feed');
    await page.shows('and revocation feed)');
    await pressUntil('Verify here', 'Refused: token_revoked');
  });

  test('a record of the audit log that was changed on its way is named', async () => {
    await open('#/audit');
    // The first signature over everything comes ten seconds after the first record
    await pressUntil('Check it here', 'Whole:');
    let changed: { readonly shard?: number; readonly seq?: number } = {};
    stage.proxy.alter.set('/admin/audit', (text) => {
      const lines = text.split('\n');
      const at = lines.findIndex((line) => line.includes('"decision":"deny"'));
      changed = JSON.parse(lines[at] ?? '{}') as typeof changed;
      return lines.with(at, (lines[at] ?? '').replace('"deny"', '"allow"')).join('\n');
    });
    await press('Check it here');
    await page.shows('Not as it was written');
    stage.proxy.alter.clear();
    const row = await page.text('section:last-of-type tbody tr');
    expect(row.split(/\s+/)).toEqual([
      'record_changed',
      String(changed.shard),
      String(changed.seq),
    ]);
  });

  test('who is not let in any more keeps the page, and a used code is worth nothing', async () => {
    stage.proxy.alter.set('/token', () => 'not JSON');
    await page.goto(`${stage.url}/dashboard/`);
    await page.shows('The gateway does not answer');
    stage.proxy.alter.clear();
    await press('Try again');
    await page.shows('Agents on line');
    await press('Sign out');
    await page.type('input[name=code]', code);
    await press('Sign in');
    await page.until('return document.querySelector("[role=alert]")?.innerText');
    expect(await page.text('[role=alert]')).toMatch(/code/i);
    await expect.poll(async () => (await storedIn(page)).keys, { timeout: 10_000 }).toEqual([]);
  });

  test('who may only look sees no button that changes anything, and is told why', async () => {
    await signIn(page, stage, ['admin:read']);
    await open('#/agent/planner');
    await page.shows('You may look, not change: revoking takes the scope admin:write');
    await open('#/keys');
    await page.shows('rotating keys takes the scope admin:write');
    const buttons = await page.run(
      'return [...document.querySelectorAll("main button")].length',
      [],
    );
    expect(buttons).toBe(0);
  });

  test('in all of that the page has done nothing that its policy forbids, and a browser would have told', async () => {
    expect(stage.proxy.violations).toEqual([]);
    await page.run(
      'const image = document.createElement("img"); image.src = "data:,"; document.body.append(image)',
      [],
    );
    await expect
      .poll(() => stage.proxy.violations.join(), { timeout: 10_000 })
      .toContain('img-src');
  });
}

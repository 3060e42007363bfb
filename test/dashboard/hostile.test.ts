// Whatever stands in an answer of the gateway's is shown as text, and is no more than text

import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostileText } from '../support/dashboard/hostile_tokens.ts';
import { alarming, signIn } from '../support/dashboard/operator_page.ts';
import { openPage, type PageDriver } from '../support/dashboard/page_driver.ts';
import { playScenario } from '../support/dashboard/scenario.ts';
import { startStage, type Stage } from '../support/dashboard/stage.ts';

let stage: Stage;
let page: PageDriver;

/** How the page must spell it. */
const inert = '\\u{202e}evil\\u{1b}[31m\\u{7}\\u{200b}';

/** Puts hostile text into every string of a document, but for what the page must find its way by. */
function poison(value: unknown, kept: ReadonlySet<string>, name = ''): unknown {
  if (typeof value === 'string') return kept.has(name) ? value : `${value}${hostileText}`;
  if (Array.isArray(value)) return value.map((each) => poison(each, kept, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      name === 'refusals' ? `${key}${hostileText}` : key,
      poison(each, kept, key),
    ]),
  );
}

const poisonJson =
  (...kept: string[]) =>
  (text: string): string =>
    JSON.stringify(poison(JSON.parse(text), new Set(kept)));

const poisonLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? line : poisonJson('kind', 'after', 'decision')(line)))
    .join('\n');

beforeAll(async () => {
  [stage, page] = await Promise.all([startStage(), openPage('chromium')]);
  await playScenario(stage);
  const { alter } = stage.proxy;
  alter.set('/admin/audit', poisonLines);
  alter.set('/admin/stats', poisonJson());
  alter.set('/admin/agents/planner/sessions', poisonJson());
  alter.set('/admin/agents/planner', poisonJson('dpop'));
  alter.set('/admin/agents?', poisonJson('next'));
  alter.set('/admin/keys', poisonJson('state'));
  // Figures alone would replace the poisoned ones
  alter.set('/admin/events', () => 'event: stats\ndata: {');
  await signIn(page, stage);
});

afterAll(async () => {
  await page.close();
  await stage.stop();
});

test.each([
  ['the overview', '#/overview', 'scope_insufficient'],
  ['the list of agents', '#/agents', 'planner'],
  ['an agent', '#/agent/planner', 'bus:receive'],
  ['the keys', '#/keys', 'ES256'],
  ['the audit log', '#/audit', 'bus:publish'],
])('%s shows hostile text inert', async (_name, view, known) => {
  await page.run('location.hash = args[0]', [view]);
  await page.shows(known);
  await page.shows(inert);
  expect(await page.run(alarming, [])).toEqual([]);
});

test('questions, refusals and addresses show it inert', async () => {
  await page.run('location.hash = args[0]', ['#/agent/planner']);
  await page.shows('Revoke the agent');
  await page.click('//button[normalize-space()="Revoke the agent"]');
  await page.shows('Revoke the agent planner');
  expect(await page.run(alarming, [])).toEqual([]);
  await page.press('Escape');
  await page.run('location.hash = args[0]', [`#/audit/${encodeURIComponent(hostileText)}`]);
  await page.shows('show all');
  expect(await page.run(alarming, [])).toEqual([]);
  await page.run('location.hash = args[0]', [`#/${encodeURIComponent(hostileText)}`]);
  await page.shows('There is no such view');
  expect(await page.run(alarming, [])).toEqual([]);
});

test("the gateway's own words for a refusal are text too", async () => {
  stage.proxy.alter.set('/enroll', () => JSON.stringify({ error_description: hostileText }));
  await page.click('//button[normalize-space()="Sign out"]');
  await page.type('input[name=code]', 'any');
  await page.click('//button[normalize-space()="Sign in"]');
  await page.shows(inert);
  expect(await page.run(alarming, [])).toEqual([]);
  expect(stage.proxy.violations).toEqual([]);
});

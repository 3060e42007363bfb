// Every view, in both themes and two widths: nothing that WCAG 2.2 AA forbids, nothing wider than the screen, a picture of each

import { mkdirSync, writeFileSync } from 'node:fs';
import axe from 'axe-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPage, type PageDriver } from '../support/dashboard/page_driver.ts';
import { playScenario, type Scenario } from '../support/dashboard/scenario.ts';
import { signIn } from '../support/dashboard/operator_page.ts';
import { startStage, type Stage } from '../support/dashboard/stage.ts';

const folder = new URL('../../.artifacts/dashboard/', import.meta.url).pathname;
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** axe-core is a script of a tool that stands outside the page: its policy does not stop it. */
const examine = `
  if (window.axe === undefined) { ${axe.source} }
  const { violations } = await axe.run({ exclude: [['tbody tr:nth-child(n+5)']] }, { runOnly: args[0], resultTypes: ['violations'] });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ' ' + html));`;

let stage: Stage;
let scenario: Scenario;
let page: PageDriver;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  stage = await startStage();
  scenario = await playScenario(stage);
  page = await openPage('chromium');
});

afterAll(async () => {
  await page.close();
  await stage.stop();
});

/** Looks at what is shown now, in each theme and width; colours belong to a theme, sizes to a width. */
async function look(name: string): Promise<void> {
  for (const [theme, width] of [
    ['light', 1440],
    ['dark', 1440],
    ['light', 360],
    ['dark', 360],
  ] as const) {
    await page.run('document.documentElement.dataset.theme = args[0]', [theme]);
    await page.resize(width, 900);
    const tooWide = await page.run(
      'return document.documentElement.scrollWidth - document.documentElement.clientWidth',
      [],
    );
    writeFileSync(`${folder}${name}-${theme}-${width}.png`, await page.picture());
    const isExamined = (theme === 'light') === (width === 1440);
    const faults = isExamined ? await page.run(examine, [rules]) : [];
    expect({ name, theme, width, tooWide, faults }).toEqual({
      name,
      theme,
      width,
      tooWide: 0,
      faults: [],
    });
  }
}

const open = (view: string): Promise<unknown> => page.run('location.hash = args[0]', [view]);

test('the way in', async () => {
  await page.goto(`${stage.url}/dashboard/`);
  await page.shows('One-time code');
  await look('sign-in');
});

test('the overview', async () => {
  await signIn(page, stage);
  await page.shows('scope_insufficient');
  await page.until('return document.querySelectorAll("polyline").length === 4');
  await look('overview');
});

test('the list of agents', async () => {
  await open('#/agents');
  await page.shows('6 agents');
  await look('agents');
});

test('an agent, and the question before it is revoked', async () => {
  await scenario.coder.socket();
  await open('#/agent/planner');
  await page.shows('Delegation');
  await look('agent');
  await page.click('//button[normalize-space()="Revoke the agent"]');
  await page.shows('Whatever it delegated to others ends too');
  await look('question');
  await page.press('Escape');
});

test('the keys', async () => {
  await open('#/keys');
  await page.shows('signs now');
  await page.shows('made');
  await look('keys');
});

test('verification', async () => {
  await open('#/verify');
  await page.shows('(this gateway');
  const { token } = await scenario.planner.source.token();
  await page.type('textarea', `${token} ${scenario.hop}\n${token.slice(0, -6)}`);
  await page.click('//button[normalize-space()="Verify here"]');
  await page.shows('Valid: planner');
  await page.shows('Refused: signature_invalid');
  await look('verify');
});

test('the audit log, checked', async () => {
  await open('#/audit');
  await page.click('//button[normalize-space()="Check it here"]');
  await page.shows('Whole:');
  await page.click('//button[normalize-space()="Look through the whole log"]');
  await page.shows('found in');
  await look('audit');
});

/** Presses Tab until the focus is on what has this name. */
async function tabTo(name: string): Promise<void> {
  const named =
    'const { activeElement: at } = document; return at?.labels?.[0]?.innerText ?? at?.innerText ?? ""';
  for (let presses = 0; presses < 80; presses++) {
    if (String(await page.run(named, [])).trim() === name) return;
    await page.press('Tab');
  }
  throw new Error(`The focus never comes to ${name}`);
}

test('by the keyboard alone an operator signs out and in, finds an agent and revokes it', async () => {
  await open('#/overview');
  await page.shows('Agents on line');
  await tabTo('Sign out');
  await page.press('Enter');
  await page.shows('Sign in to SwarmGate');
  await tabTo('One-time code');
  await page.typeHere(await stage.code('admin:read', 'admin:write'));
  await page.press('Enter');
  await page.shows('Agents on line');
  await tabTo('Agents');
  await page.press('Enter');
  await page.until(
    'return document.activeElement?.innerText === "Agents" && document.activeElement.tagName === "H1"',
  );
  await tabTo('Find by the beginning of the id');
  await page.typeHere('team/');
  await page.shows('1 agent');
  await page.until('return document.querySelectorAll(".agent-row").length === 1');
  while ((await page.run('return document.activeElement?.className', [])) !== 'agent-row') {
    await page.press('Tab');
  }
  await page.press('Enter');
  await page.shows('Revoke the agent');
  await tabTo('Revoke the agent');
  await page.press('Enter');
  // The question begins at the answer that changes nothing, and keeps the focus in itself
  await page.until('return document.activeElement?.innerText === "Cancel"');
  await tabTo('Revoke the agent');
  await page.press(' ');
  await page.shows('The agent team/coder is revoked');
});

test('the page that stands alone', async () => {
  await page.goto(new URL('../../dist/dashboard/verify.html', import.meta.url).href);
  await page.shows('Whom to trust');
  await look('standalone');
});

// Makes the README's picture: the overview of a real gateway with the swarm of `npm start` at work

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { browsers, findBrowser } from './browser_table.ts';
import { dashboardCode } from './dashboard_code.ts';
import { makeKeys } from './dev_keys.ts';
import { developmentVariables } from './dev_variables.ts';
import { startGateway } from './gateway.ts';
import { startLivingSwarm } from './living_swarm.ts';
import { findPort, host } from './port.ts';
import { root } from './tools.ts';

/** Milliseconds of work before the picture: the charts need something to show. */
const working = Number(process.argv[2] ?? 150) * 1000;

const port = (await findPort(0)) ?? 0;
const url = `http://${host}:${port}`;
const keys = await makeKeys();
const { variables, operator } = developmentVariables({}, url, keys);
if (operator === undefined) throw new Error('There is no operator');
const gateway = await startGateway({ port, variables });
const stage = { url, operator };
const swarm = await startLivingSwarm(stage);
const [row] = browsers;
const path = row === undefined ? undefined : findBrowser(row);
const browser = await chromium.launch(path === undefined ? {} : { executablePath: path });
try {
  const page = await browser.newPage({
    viewport: { width: 1200, height: 840 },
    colorScheme: 'light',
  });
  await page.goto(`${url}/dashboard/`);
  await page.fill('input[name=code]', await dashboardCode(stage));
  await page.click('button[type=submit]');
  await page.waitForSelector('.tiles');
  await page.waitForTimeout(working);
  writeFileSync(join(root, 'docs/dashboard.png'), await page.screenshot());
} finally {
  await browser.close();
  await swarm.stop();
  await gateway.stop();
}
process.exit();

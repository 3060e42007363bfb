// The ways by which a browser gets onto a machine, tried on machines of paper

import { expect, test } from 'vitest';
import { ensureBrowser, type Machine } from '../../scripts/browser_setup.ts';
import { browsers, findBrowser } from '../../scripts/browser_table.ts';

const [chromium] = browsers;
if (chromium === undefined) throw new Error('The table has no browser');

const apt = 'apt-get install -y --no-install-recommends chromium';

/** A machine where the browser appears once the command `works` has run. */
function paper(options: { works?: string; has?: readonly string[]; isRoot?: boolean }): {
  machine: Machine;
  ran: string[];
} {
  const ran: string[] = [];
  const machine: Machine = {
    find: () => (options.works === '' || ran.includes(options.works ?? 'none') ? '/b' : undefined),
    can: (command) => options.has?.includes(command) ?? false,
    run: (command, args) => ran.push([command, ...args].join(' ')) > 0,
    isRoot: options.isRoot ?? false,
    playwright: ['playwright'],
  };
  return { machine, ran };
}

test('ensureBrowser() installs nothing when the browser is there', () => {
  const { machine, ran } = paper({ works: '' });
  expect(ensureBrowser(chromium, machine)).toEqual({ path: '/b' });
  expect(ran).toEqual([]);
});

test('ensureBrowser() uses apt-get as root', () => {
  const { machine, ran } = paper({ works: apt, has: ['apt-get'], isRoot: true });
  expect(ensureBrowser(chromium, machine)).toEqual({ path: '/b' });
  expect(ran).toEqual(['apt-get update', apt]);
});

test('ensureBrowser() uses sudo where it asks for no password', () => {
  const { machine, ran } = paper({ works: `sudo -n ${apt}`, has: ['apt-get', 'sudo'] });
  expect(ensureBrowser(chromium, machine)).toEqual({ path: '/b' });
  expect(ran).toEqual(['sudo -n apt-get update', `sudo -n ${apt}`]);
});

test.each([
  { has: ['apt-get'], isRoot: false },
  { has: [], isRoot: true },
])('ensureBrowser() asks Playwright where apt-get is out of reach: %j', (options) => {
  const { machine, ran } = paper({ works: 'playwright install chromium', ...options });
  expect(ensureBrowser(chromium, machine)).toEqual({ path: '/b' });
  expect(ran).toEqual(['playwright install chromium']);
});

test('ensureBrowser() says what is missing and how to get it', () => {
  const { machine } = paper({ has: ['apt-get'], isRoot: true });
  const outcome = ensureBrowser(chromium, machine);
  expect(outcome).toHaveProperty('missing', expect.stringContaining('Missing: Chromium'));
  for (const way of [apt, 'npx playwright install chromium', 'CHROMIUM_PATH']) {
    expect(outcome).toHaveProperty('missing', expect.stringContaining(way));
  }
});

test('findBrowser() refuses a variable that names no executable', () => {
  const before = process.env['CHROMIUM_PATH'];
  process.env['CHROMIUM_PATH'] = '/nowhere/chromium';
  try {
    expect(() => findBrowser(chromium)).toThrow('CHROMIUM_PATH names "/nowhere/chromium"');
  } finally {
    if (before === undefined) delete process.env['CHROMIUM_PATH'];
    else process.env['CHROMIUM_PATH'] = before;
  }
});

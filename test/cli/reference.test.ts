// docs/cli.md has every command and option as it is, and every exit code

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { exitCodes } from '../../cli/output/failure.ts';
import { gateOptions, settingVariables } from '../../cli/gate/options.ts';
import { referencePage, withReference } from '../../scripts/cli_reference.ts';

const page = readFileSync(referencePage, 'utf8');

test('the reference is that of the commands: node scripts/cli_reference.ts --write', () => {
  const tidy = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
  expect(tidy(page)).toBe(tidy(withReference(page)));
});

test('every exit code is in the table', () => {
  for (const code of Object.values(exitCodes))
    expect(page).toMatch(new RegExp(`^\\| ${code} +\\|`, 'm'));
});

test("the gate's page names its variables and options", () => {
  const gate = readFileSync(new URL('../../docs/gate.md', import.meta.url), 'utf8');
  for (const name of settingVariables) expect(gate).toContain(`\`${name}\``);
  const shared = ['json', 'token-file'];
  for (const { name, variable } of gateOptions) {
    if (variable === undefined && !shared.includes(name)) expect(gate).toContain(`--${name}`);
  }
});

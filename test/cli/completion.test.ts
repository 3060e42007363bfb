// `swarmgate completion`: every command and option is in it, and bash completes with it

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildProgram } from '../../cli/program.ts';
import { makePlace, type Place } from './command.ts';

let place: Place;
beforeAll(() => {
  place = makePlace();
});
afterAll(() => place.remove());

function wordsOf(command: Command): readonly string[] {
  return [
    ...command.options.flatMap(({ long }) => (long === undefined ? [] : [long])),
    ...command.commands.flatMap((inner) => [inner.name(), ...wordsOf(inner)]),
  ];
}

test.each(['bash', 'zsh', 'fish'])('%s has every command and option', async (shell) => {
  const { code, out } = await place.run(['completion', shell]);
  expect(code).toBe(0);
  for (const word of wordsOf(buildProgram())) {
    const shown = shell === 'fish' ? word.replace(/^--/, '-l ') : word;
    expect(out).toContain(shown);
  }
});

test('another shell is refused', async () => {
  expect(await place.run(['completion', 'csh'])).toMatchObject({ code: 2, out: '' });
});

test.each([
  [['swarmgate', 'rev'], ['revoke']],
  [['swarmgate', 'token', 'ex'], ['exchange']],
  [['swarmgate', 'gate', '--accept'], ['--accept-unproven']],
  [['swarmgate', 'revoke', 'agent', 'planner', '--reas'], []],
  [['swarmgate', 'nothing', ''], []],
])('bash completes %j', async (words, expected) => {
  const { out } = await place.run(['completion', 'bash']);
  writeFileSync(place.path('completion.bash'), out);
  const script = `
    . ./completion.bash
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _swarmgate
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], {
    cwd: place.folder,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(stdout.split('\n').filter((word) => word !== '')).toEqual(expected);
});

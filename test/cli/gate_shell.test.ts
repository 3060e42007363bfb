// gate.sh in dash and bash: the function of old scripts, with the token where nobody else can read it

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settingVariables } from '../../cli/gate/options.ts';
import { boundTo, makeKey, mintEngineToken, mintProof, mintToken } from '../support/tokens.ts';
import { authorized, blocked, makeGatePlace, shells, type GatePlace } from './gate_place.ts';

let place: GatePlace;
beforeAll(async () => {
  place = await makeGatePlace();
});
afterAll(() => place.remove());

const source = readFileSync(join(import.meta.dirname, '../../cli/gate.sh'), 'utf8');
const verify = 'verify_agent_token "$@"';

test.each(shells)('an old script works in %s with one line changed', async (shell) => {
  const old = `
    set -eu
    run_tool() {
      verify_agent_token "$AGENT_TOKEN" || { echo "tool not run"; return 3; }
      echo "tool runs"
    }
    run_tool || exit 3`;
  const run = (AGENT_TOKEN: string): Promise<unknown> =>
    place.script(shell, old, { env: { AGENT_TOKEN } });
  expect(await run(place.token)).toEqual({
    code: 0,
    out: '[gate] agent planner authorized\ntool runs\n',
    err: '',
  });
  const forged = await mintEngineToken(await makeKey(), 'planner', ['tool:exec']);
  expect(await run(forged)).toEqual({
    code: 3,
    out: 'tool not run\n',
    err: blocked('signature_invalid').err,
  });
  expect(await run('')).toMatchObject({ code: 3, err: blocked('token_missing').err });
});

test.each(shells)("nothing of the caller's shell changes in %s", async (shell) => {
  const text = `
    set -f; IFS=:; token=mine; trap 'echo bye' EXIT; exec 3>&1 4>&1 5>&1
    before=$(set +o; trap; pwd; echo "$IFS$token")
    verify_agent_token "$1" >/dev/null
    after=$(set +o; trap; pwd; echo "$IFS$token")
    [ "$before" = "$after" ] && echo same >&3`;
  expect(await place.script(shell, text, { args: [place.token] })).toEqual({
    code: 0,
    out: 'same\nbye\n',
    err: '',
  });
});

test.each(shells)('odd options of the caller do not matter in %s', async (shell) => {
  const text = `set -Cefu; IFS=.; umask 000; cd /; TMOUT=9; ${verify}`;
  expect(await place.script(shell, text, { args: [place.token] })).toEqual(authorized());
  const server = await place.serve();
  const only = { SWARMGATE_COMMAND: '/bin/false' };
  expect(await place.script(shell, text, { args: [place.token], env: only })).toEqual(authorized());
  await server.end('SIGTERM');
});

// Functions that shells find before what is built in, and aliases, which change what a file means
const stubs: Readonly<Record<(typeof shells)[number], readonly string[]>> = {
  bash: ['exit', 'return', 'set', 'trap', 'unset', 'shift', 'eval', 'exec', 'printf', 'read', '['],
  dash: ['printf', 'read', 'true', 'command'],
};

test.each(shells)('functions and aliases of the caller let nobody through in %s', async (shell) => {
  const other = await mintEngineToken(await makeKey(), 'planner', ['tool:exec']);
  const texts = [
    ...stubs[shell].map((name) => `${name}() { :; }`),
    ...['exit', 'return', 'printf', 'command', 'trap', 'set'].map((name) => `alias ${name}=true`),
  ];
  for (const text of texts) {
    const script = `[ -z "\${BASH_VERSION-}" ] || shopt -s expand_aliases
      ${text}
      . ${join(import.meta.dirname, '../../dist/cli/gate.sh')}
      if ${verify}; then echo through; fi >&2`;
    for (const env of [{}, { SWARMGATE_COMMAND: '/bin/false' }]) {
      const args = [other];
      const { err } = await place.script(shell, script, { args, env });
      expect({ text, through: err.includes('through') }).toEqual({ text, through: false });
    }
    // Who is let through is so all the same, as long as the words can be printed at all
    const { err } = await place.script(shell, script, { args: [place.token] });
    expect({ text, through: err.includes('through') }).toEqual({ text, through: true });
  }
});

test('traps of the caller that bash passes on do not run inside', async () => {
  const text = `set -eET; trap 'echo err; exit 7' ERR; trap 'echo debug' DEBUG; ${verify}`;
  const { code, out } = await place.script('bash', text, { args: [place.token] });
  expect({ code, inside: out.split('\n').filter((line) => line === 'err') }).toEqual({
    code: 0,
    inside: [],
  });
});

test.each(shells)(
  'the token is in no argument and no environment of what %s starts',
  async (shell) => {
    const spy = place.path('spy');
    const found = place.path('found');
    writeFileSync(
      spy,
      `#!/bin/sh\ncat > ${found}.input\ntr '\\0' '\\n' < /proc/$$/cmdline > ${found}.arguments\nenv > ${found}.environment\necho "[gate] agent spy authorized"\n`,
      { mode: 0o700 },
    );
    const env = { SWARMGATE_COMMAND: spy, SWARMGATE_TOKEN: place.token };
    const args = [place.token, '--scope', 'tool:exec'];
    // Under -a a shell exports all that it is assigned
    const text = `set -a; ${verify}`;
    expect(await place.script(shell, text, { args, env })).toEqual(authorized('spy'));
    const read = (what: string): string => readFileSync(`${found}.${what}`, 'utf8');
    expect(read('input')).toBe(place.token);
    expect(read('arguments')).toBe(
      ['/bin/sh', spy, 'gate', '--token-file', '-', '--scope', 'tool:exec', ''].join('\n'),
    );
    expect(read('environment')).not.toContain(place.token);
  },
);

test.each(shells)('a command that fails in any way blocks in %s', async (shell) => {
  for (const command of ['/bin/false', '/no/such/command', place.path('token')]) {
    const env = { SWARMGATE_COMMAND: command };
    const { code, out } = await place.script(shell, verify, { args: [place.token], env });
    expect({ command, code, out }).toEqual({ command, code: 1, out: '' });
  }
  const env = { SWARMGATE_COMMAND: '', PATH: '/nonexistent' };
  // Sourced by its name, so that bash does not find the command beside it
  const copy = place.path('copy.sh');
  writeFileSync(copy, source);
  const text = `. ${copy}; ${verify}`;
  const found = await place.script(`/bin/${shell}`, text, { args: [place.token], env });
  expect(found).toMatchObject({ code: 1, out: '' });
  expect(found.err).toContain('[gate] BLOCKED: invalid token — gate_missing\n');
});

test('bash finds the command beside the file, and dash in PATH', async () => {
  const env = { SWARMGATE_COMMAND: '' };
  expect(await place.script('bash', verify, { args: [place.token], env })).toEqual(authorized());
  const spy = place.path('swarmgate');
  writeFileSync(spy, `#!/bin/sh\nexec ${place.env['SWARMGATE_COMMAND'] ?? ''} "$@"\n`, {
    mode: 0o700,
  });
  const text = `PATH=${place.folder}:$PATH; ${verify}`;
  expect(await place.script('dash', text, { args: [place.token], env })).toEqual(authorized());
});

test.each(shells)('scope, tier and proof count in %s, with a server and without', async (shell) => {
  const agent = await makeKey();
  const claims = boundTo(agent);
  const token = await mintToken(place.key, 'yamtam-engine', 'planner', 'tool:exec', { claims });
  const ask = (proof: string, ...options: readonly string[]): Promise<unknown> =>
    place.script(shell, verify, { args: [token, ...options], env: { SWARMGATE_PROOF: proof } });
  const prove = (): Promise<string> =>
    mintProof(agent, 'POST', 'urn:swarmgate:gate:tool:exec', token);
  const scope = ['--scope', 'tool:exec'];
  const before = await prove();
  expect(await ask('', ...scope)).toEqual(blocked('proof_required'));
  expect(await ask(before, ...scope)).toEqual(authorized());
  const server = await place.serve();
  // A server knows what gates before it have let through, and gates after it what it has
  expect(await ask(before, ...scope)).toEqual(blocked('proof_replayed'));
  const proof = await prove();
  expect(await ask(proof, ...scope, '--tier', 'power')).toEqual(blocked('tier_insufficient'));
  expect(await ask(proof, ...scope)).toEqual(authorized());
  expect(await ask(proof, ...scope)).toEqual(blocked('proof_replayed'));
  expect(await ask('', ...scope, '--accept-unproven')).toEqual(authorized());
  expect(await ask('', '--scope', 'tool:other')).toEqual(blocked('proof_required'));
  expect(await server.end('SIGTERM')).toBe(0);
  expect(await ask(proof, ...scope)).toEqual(blocked('proof_replayed'));
});

test('the variables that gate.sh compares are those that change an answer', () => {
  const [, list = ''] = /for __swarmgate_name in ([^;]+); do/.exec(source) ?? [];
  const names = list.split(/[\s\\]+/).filter((name) => name !== '');
  expect(names.toSorted()).toEqual([...settingVariables].toSorted());
});

test('dash and bash read the file without a word, and it sets nothing but its own names', async () => {
  for (const shell of shells) {
    const text =
      'set | sed -n "s/^\\([A-Za-z_]*\\)=.*/\\1/p" | grep -iv "^__swarmgate_" | grep "^SWARM"';
    const { out, err } = await place.script(shell, text, { env: { SWARMGATE_COMMAND: '' } });
    expect({ err, names: out.trim().split('\n').toSorted() }).toEqual({
      err: '',
      names: ['SWARMGATE_COMMAND', 'SWARMGATE_GATE_DIR'],
    });
  }
});

// Hostile tokens at every way in: each is refused, nothing of them runs, and good ones still get through

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authorized, makeGatePlace, shells, type GatePlace } from './gate_place.ts';
import { canary, hostileBytes, hostileTokens } from './hostile_tokens.ts';

let place: GatePlace;
beforeAll(async () => {
  place = await makeGatePlace();
});
afterAll(() => place.remove());

const refusal =
  /^\[gate\] BLOCKED: invalid token — (?:token_(?:missing|malformed|too_large)|alg_not_allowed|typ_not_allowed|signature_invalid|key_unknown|claim_\w+|issuer_not_trusted)\n$/;

// Kept short of the longest argument that a process may have
const script = `
  for token in "$@"; do
    if verify_agent_token "$token" 2>&1; then echo "AUTHORIZED"; else echo "returned $?"; fi
  done`;

test('there are at least 120 of them', () => {
  expect(hostileTokens(place.token).length).toBeGreaterThanOrEqual(120);
});

test('the gate refuses each on its standard input', async () => {
  const all = [...hostileTokens(place.token), ...hostileBytes(place.token)];
  const waiting = [...all];
  const work = async (): Promise<void> => {
    for (let input = waiting.pop(); input !== undefined; input = waiting.pop()) {
      const { code, out, err } = await place.gate([], { input });
      expect({ input, code, out }).toEqual({ input, code: 1, out: '' });
      expect(err).toMatch(refusal);
    }
  };
  await Promise.all([work(), work()]);
  expect(existsSync(place.path(canary))).toBe(false);
  expect(await place.gate([], { input: place.token })).toEqual(authorized());
});

test.each(['--', '-e', '$(touch canary)', "');process.exit(0);//", 'a b', '\n'])(
  'the gate refuses %j in SWARMGATE_TOKEN, with a command behind it',
  async (token) => {
    const ran = await place.gate(['--', 'touch', canary], { env: { SWARMGATE_TOKEN: token } });
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toMatch(refusal);
    expect(existsSync(place.path(canary))).toBe(false);
  },
);

async function refusedBy(shell: string): Promise<void> {
  const all = hostileTokens(place.token);
  const { code, out, err } = await place.script(shell, script, { args: all });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = out.trimEnd().split('\n');
  expect(lines.filter((line) => line === 'returned 1')).toHaveLength(all.length);
  const said = lines.filter((line) => line !== 'returned 1');
  expect(said).toHaveLength(all.length);
  for (const line of said) expect(`${line}\n`).toMatch(refusal);
  expect(existsSync(place.path(canary))).toBe(false);
  const good = await place.script(shell, 'verify_agent_token "$1"', { args: [place.token] });
  expect(good).toEqual(authorized());
}

test.each(shells)('verify_agent_token refuses each in %s', refusedBy);

test.each(shells)('verify_agent_token refuses each in %s while a server answers', async (shell) => {
  const server = await place.serve();
  await refusedBy(shell);
  expect(await server.end('SIGTERM')).toBe(0);
});

test.each(shells)(
  'hostile options of verify_agent_token let nobody through in %s',
  async (shell) => {
    const server = await place.serve();
    const options = [
      '$(touch canary)',
      '`touch canary`',
      '; touch canary',
      '--help',
      '-h',
      '--serve',
      '--json',
      '-- true',
    ];
    for (const option of options) {
      for (const args of [
        [option],
        ['--scope', option],
        ['--tier', option],
        ['--audience', option],
      ]) {
        const found = await place.script(shell, 'verify_agent_token "$@"', {
          args: [place.token, ...args],
        });
        expect({ args, code: found.code }).toEqual({ args, code: 1 });
        expect(found.out).toBe('');
        // By the words that scripts know, whatever is wrong
        if (args.length === 1)
          expect(found.err).toMatch(/^\[gate\] BLOCKED: invalid token — usage\n/);
      }
    }
    expect(existsSync(place.path(canary))).toBe(false);
    expect(await server.end('SIGTERM')).toBe(0);
  },
);

// `swarmgate gate` as a process: the words, the exit codes, keys, scopes, proofs, and what the command behind it gets

import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createIssuer, importSigningKey } from '../../src/index.ts';
import { boundTo, makeKey, mintEngineToken, mintProof, mintToken } from '../support/tokens.ts';
import { ageKept, authorized, blocked, makeGatePlace, type GatePlace } from './gate_place.ts';

let place: GatePlace;
beforeAll(async () => {
  place = await makeGatePlace();
});
afterAll(() => place.remove());

const target = 'urn:swarmgate:gate:tool:exec';

async function boundToken(): Promise<{ token: string; prove: (url?: string) => Promise<string> }> {
  const agent = await makeKey();
  const claims = boundTo(agent);
  const token = await mintToken(place.key, 'yamtam-engine', 'planner', 'tool:exec', { claims });
  return { token, prove: (url = target) => mintProof(agent, 'POST', url, token) };
}

test('the token comes from standard input, a file, or SWARMGATE_TOKEN', async () => {
  const { token } = place;
  writeFileSync(place.path('token'), `${token}\n`);
  expect(await place.gate([], { input: token })).toEqual(authorized());
  expect(await place.gate([], { input: `${token}\n` })).toEqual(authorized());
  expect(await place.gate(['--token-file', 'token'])).toEqual(authorized());
  expect(await place.gate([], { env: { SWARMGATE_TOKEN: token } })).toEqual(authorized());
  const both = { input: token, env: { SWARMGATE_TOKEN: 'other' } };
  expect(await place.gate(['--token-file', '-'], both)).toEqual(authorized());
  expect(await place.gate([])).toEqual(blocked('token_missing'));
  expect(await place.gate([token])).toMatchObject({ code: 2, out: '' });
  expect((await place.gate(['--scope', token])).err).not.toContain(token);
});

test("the tokens of createIssuer's defaults, and the engine's own, are let through with its key alone", async () => {
  const { privateKey } = place.key;
  const jwk = await crypto.subtle.exportKey('jwk', privateKey);
  const issuer = createIssuer({ key: await importSigningKey({ ...jwk, alg: 'ES256' }) });
  const input = await issuer.issueAgentToken({ sub: 'coder', tier: 'fast', scope: ['tool:exec'] });
  expect(await place.gate([], { input })).toEqual(authorized('coder'));
});

test.each(['\\n', '\n', ' '])('YAMTAM_AGENT_PUBKEY may have %j for its line ends', async (end) => {
  const pem = place.env['YAMTAM_AGENT_PUBKEY']?.trim().replaceAll('\n', end) ?? '';
  const env = { YAMTAM_AGENT_PUBKEY: pem };
  expect(await place.gate([], { env, input: place.token })).toEqual(authorized());
});

test('no key, an unusable key, a key that cannot be read: blocked', async () => {
  const input = place.token;
  const none = await place.gate([], { env: { YAMTAM_AGENT_PUBKEY: '' }, input });
  expect(none).toMatchObject({ code: 1, out: '' });
  expect(none.err).toMatch(/^\[gate\] BLOCKED: invalid token — key_unavailable\n\[gate\] no key/);
  for (const pem of [
    'secret',
    'null',
    '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
  ]) {
    const found = await place.gate([], { env: { YAMTAM_AGENT_PUBKEY: pem }, input });
    expect(found).toMatchObject({ code: 1, out: '' });
    expect(found.err).toContain('[gate] BLOCKED: invalid token — key_unusable\n');
  }
  const missing = await place.gate(['--key', 'nothing.pem'], { input });
  expect(missing.err).toContain('[gate] BLOCKED: invalid token — key_unavailable\n');
  const unreachable = await place.gate(
    ['--jwks', 'http://127.0.0.1:9/jwks.json', '--profile', 'engine'],
    { input },
  );
  expect(unreachable).toEqual(blocked('key_unavailable'));
});

test('another key, an expired token, another issuer or audience: blocked with the code', async () => {
  const stranger = await makeKey();
  const cases: readonly (readonly [string, Promise<string>])[] = [
    ['signature_invalid', mintEngineToken(stranger, 'planner', [])],
    ['issuer_not_trusted', mintToken(place.key, 'https://other.example', 'planner', 'a:b')],
    [
      'audience_mismatch',
      mintToken(place.key, 'yamtam-engine', 'p', 'a:b', { claims: { aud: 'x' } }),
    ],
    [
      'token_expired',
      mintToken(place.key, 'yamtam-engine', 'p', 'a:b', { claims: { iat: 1, exp: 9 } }),
    ],
  ];
  for (const [code, token] of cases) {
    expect(await place.gate([], { input: await token })).toEqual(blocked(code));
  }
});

test('--scope, --tier and --audience are required', async () => {
  const input = place.token;
  expect(await place.gate(['--scope', 'tool:exec', '--tier', 'power'], { input })).toEqual(
    authorized(),
  );
  const two = ['--scope', 'tool:exec', '--scope', 'bus:publish:news'];
  expect(await place.gate(two, { input })).toEqual(authorized());
  const more = ['--scope', 'tool:exec', '--scope', 'admin:write'];
  expect(await place.gate(more, { input })).toEqual(blocked('scope_insufficient'));
  expect(await place.gate(['--audience', 'other'], { input })).toEqual(
    blocked('audience_mismatch'),
  );
  const fast = await mintToken(place.key, 'yamtam-engine', 'planner', 'tool:exec');
  expect(await place.gate(['--tier', 'power'], { input: fast })).toEqual(
    blocked('tier_insufficient'),
  );
});

test.each([
  [['--bogus'], "Unknown option '--bogus'"],
  [['--scope'], '--scope needs a value'],
  [['--scope', ''], '--scope must not be empty'],
  [['--scope', 'everything'], '"everything" is not a scope'],
  [['--tier', 'mighty'], '--tier must be one of fast, power'],
  [['--revocation-age', '1y'], '--revocation-age must be a time'],
  [['--key', 'a', '--jwks', 'b'], 'either --jwks or --key'],
  [['--'], 'There is no command'],
  [['extra'], 'Unexpected argument'],
  [['--scope', '--help'], '--scope needs a value'],
  [['--scope', 'tool:exec', '--help'], "Unknown option '--help'"],
  [['--tier', '-h'], '--tier needs a value'],
  [['--json=yes'], '--json takes no value'],
  [['--tier', '--serve'], '--tier needs a value'],
])('%j is wrong use, and lets nobody through', async (args, message) => {
  const found = await place.gate(args, { input: place.token });
  expect(found).toMatchObject({ code: 2, out: '' });
  expect(found.err).toContain(message);
});

test('--json is one object', async () => {
  const yes = await place.gate(['--json'], { input: place.token });
  expect(JSON.parse(yes.out)).toMatchObject({
    authorized: true,
    agent_id: 'planner',
    tier: 'power',
  });
  const no = await place.gate(['--json', '--scope', 'a:b'], { input: place.token });
  expect(no.code).toBe(1);
  expect(JSON.parse(no.out)).toEqual({ authorized: false, code: 'scope_insufficient' });
});

test('a command runs only when the agent is authorized, without the token in its environment', async () => {
  const script = 'cat; env; exit 7';
  const env = {
    SWARMGATE_TOKEN: place.token,
    COPY: `Bearer ${place.token}`,
    SWARMGATE_AGENT_ID: 'forged',
    KEPT: 'yes',
  };
  const ran = await place.gate(['--', 'sh', '-c', script], { env, input: 'for the command\n' });
  expect(ran).toMatchObject({ code: 7, err: '[gate] agent planner authorized\n' });
  expect(ran.out).toContain('for the command\n');
  expect(ran.out).toMatch(/^SWARMGATE_AGENT_ID=planner$/m);
  expect(ran.out).toMatch(/^KEPT=yes$/m);
  expect(ran.out).not.toContain(place.token);
  const refused = await place.gate(['--scope', 'a:b', '--', 'touch', 'ran'], { env });
  expect(refused).toEqual(blocked('scope_insufficient'));
  expect(() => readFileSync(place.path('ran'))).toThrow('ENOENT');
  expect(await place.gate(['--', 'no-such-command'], { env })).toMatchObject({ code: 127 });
  expect(await place.gate(['--', 'sh', '-c', 'kill -TERM $$'], { env })).toMatchObject({
    code: 143,
  });
  // Nothing is put through a shell
  const words = await place.gate(['--', 'printf', '%s|', '$(id)', '-n', 'a b'], { env });
  expect(words.out).toBe('$(id)|-n|a b|');
});

test('a bound token needs a proof for this scope, once', async () => {
  const { token: input, prove } = await boundToken();
  const scope = ['--scope', 'tool:exec'];
  expect(await place.gate(scope, { input })).toEqual(blocked('proof_required'));
  expect(await place.gate([...scope, '--accept-unproven'], { input })).toEqual(authorized());
  const ask = (proof: string): Promise<unknown> =>
    place.gate(scope, { input, env: { SWARMGATE_PROOF: proof } });
  expect(await ask(await prove('urn:swarmgate:gate:tool:other'))).toEqual(blocked('proof_invalid'));
  const proof = await prove();
  const refused = ['--scope', 'tool:exec', '--tier', 'power'];
  // What is refused anyway uses nothing up
  expect(await place.gate(refused, { input, env: { SWARMGATE_PROOF: proof } })).toEqual(
    blocked('tier_insufficient'),
  );
  expect(await ask(proof)).toEqual(authorized());
  expect(await ask(proof)).toEqual(blocked('proof_replayed'));
});

test('of many gates at once, one takes a proof', async () => {
  const { token: input, prove } = await boundToken();
  const env = { SWARMGATE_PROOF: await prove() };
  const all = await Promise.all(
    Array.from({ length: 8 }, () => place.gate(['--scope', 'tool:exec'], { input, env })),
  );
  expect(all.filter(({ code }) => code === 0)).toHaveLength(1);
  expect(all.filter(({ err }) => err.includes('proof_replayed'))).toHaveLength(7);
});

test('where nobody can note that a proof was used, it does not count', async () => {
  const { token: input, prove } = await boundToken();
  const folder = place.path('open');
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  const env = { SWARMGATE_GATE_DIR: folder, SWARMGATE_PROOF: await prove() };
  expect(await place.gate(['--scope', 'tool:exec'], { input, env })).toEqual(
    blocked('proof_replayed'),
  );
});

test('an agent can make the proof with swarmgate proof', async () => {
  await place.run(['keys', 'generate', '--out', 'agent.json', '--public', 'agent.pub.json']);
  const { kid } = JSON.parse(readFileSync(place.path('agent.pub.json'), 'utf8')) as { kid: string };
  const claims = { cnf: { jkt: kid } };
  const input = await mintToken(place.key, 'yamtam-engine', 'planner', 'tool:exec', { claims });
  const args = ['proof', '--method', 'POST', '--url', target, '--key', 'agent.json'];
  const { out } = await place.run(args, { input });
  const env = { SWARMGATE_PROOF: out.trim() };
  expect(await place.gate(['--scope', 'tool:exec'], { input, env })).toEqual(authorized());
});

test('a JWKS from an address is kept, and stands in while it does not answer, as long as the setting says', async () => {
  const key = await makeKey();
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [key.publicJwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const env = {
    SWARMGATE_JWKS: `http://127.0.0.1:${port}/jwks.json`,
    SWARMGATE_ISSUER: 'https://issuer.example',
    SWARMGATE_GATE_DIR: place.path('cache'),
  };
  const input = await mintToken(key, 'https://issuer.example', 'planner', 'a:b');
  expect(await place.gate([], { env, input })).toEqual(authorized());
  expect(await place.gate([], { env, input })).toEqual(authorized());
  expect(asked).toBe(1);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(await place.gate([], { env, input })).toEqual(authorized());
  // Another issuer's key stays untrusted for this one, and the engine's own goes on beside it
  const forged = await mintToken(place.key, 'https://issuer.example', 'planner', 'a:b', {
    header: { kid: key.kid },
  });
  expect(await place.gate([], { env, input: forged })).toEqual(blocked('signature_invalid'));
  expect(await place.gate([], { env, input: place.token })).toEqual(authorized());
  ageKept(place.path('cache'), /^keys-/, 3 * 3600);
  expect(await place.gate([], { env, input })).toEqual(authorized());
  const strict = { ...env, SWARMGATE_KEYS_AGE: '1h' };
  expect(await place.gate([], { env: strict, input })).toEqual(blocked('key_unavailable'));
  // A clock that was set back tells no age
  ageKept(place.path('cache'), /^keys-/, -6 * 3600);
  expect(await place.gate([], { env, input })).toEqual(blocked('key_unavailable'));
  rmSync(place.path('cache'), { recursive: true });
  expect(await place.gate([], { env, input })).toEqual(blocked('key_unavailable'));
});

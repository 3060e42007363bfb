// scope, tier, cnf, status, sealed and look-alikes of scope: nothing malformed grants anything

import type { ContractCase } from '../case.ts';
import { deepEqual, equal } from '../case.ts';
import { accepts, refused, rejects, type Control, type Mutation } from '../support/mutations.ts';
import { world } from '../support/world.ts';

const claim = (name: string, value: unknown): Mutation => ({
  name: `${name} ${(JSON.stringify(value) ?? 'missing').slice(0, 60)}`,
  mutate: (from) => from.withClaims({ [name]: value }),
  code: 'claim_malformed',
});

const scopes = [
  null,
  0,
  true,
  {},
  { 0: 'bus:publish' },
  ['bus:publish', 1],
  [null],
  [['bus:publish']],
  ['bus:publish bus:veto'],
  [''],
  '',
  ' ',
  '*',
  'bus',
  'bus:',
  ':publish',
  'bus:*',
  '*:publish',
  'bus:.*',
  'BUS:PUBLISH',
  'bus:publish:',
  'bus:publish:*a',
  'bus:publish:a*b',
  'bus:publish:**',
  'bus:publish,bus:veto',
  'bus:publish\tbus:veto',
  'bus:publish\nbus:veto',
  'bus:publish\u00a0bus:veto',
  'bus:publish  bus:veto',
  ' bus:publish',
  'bus:publish ',
  '"bus:publish"',
  'bus:рublish',
  'bus:publish\u200b',
  'bus_x:publish',
].map((value) => claim('scope', value));

const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const confirmations = [
  null,
  {},
  '',
  jkt,
  [],
  [{ jkt }],
  { jkt: 0 },
  { jkt: null },
  { jkt: '' },
  { jkt: 'short' },
  { jkt: `${jkt}=` },
  { jkt: jkt.slice(0, -1) },
  { jkt: `${jkt.slice(0, -1)}t` },
  { 'x5t#S256': jkt },
  { jwk: { kty: 'oct' } },
  { kid: 'x' },
  { unknown: 1 },
  { jkt, 'x5t#S256': jkt },
  { jkt, unknown: 1 },
].map((value) => claim('cnf', value));

const uri = 'https://issuer.example/status/1';
const others: readonly Mutation[] = [
  ...[null, 0, '', 'admin', 'FAST', 'fast ', ['fast'], {}, '__proto__'].map((value) =>
    claim('tier', value),
  ),
  ...[
    null,
    {},
    [],
    'x',
    { status_list: null },
    { status_list: {} },
    { status_list: { idx: -1, uri } },
    { status_list: { idx: 1.5, uri } },
    { status_list: { idx: '0', uri } },
    { status_list: { idx: 2 ** 53, uri } },
    { status_list: { idx: 0 } },
    { status_list: { idx: 0, uri: 1 } },
  ].map((value) => claim('status', value)),
  ...[null, '', 'a.b.c', 'a.b.c.d', 'a.b.c.d.e.f', {}, ['a.b.c.d.e'], 'a.b.c.d e.f'].map((value) =>
    claim('sealed', value),
  ),
  ...[null, 0, 4, -1, 1.5, '1', true, [1]].map((value) => claim('dlg_max', value)),
];

const large: readonly Mutation[] = [
  {
    name: 'a scope with 100,000 members',
    mutate: (from) => from.withClaims({ scope: Array(100_000).fill('bus:publish').join(' ') }),
    code: 'token_too_large',
  },
];

const control = (name: string, value: unknown): Control => ({
  name: `${name} ${JSON.stringify(value) ?? 'missing'}`,
  make: (from) => from.withClaims({ [name]: value }),
});

const good: readonly Control[] = [
  control('scope', undefined),
  control('scope', []),
  control('scope', ['bus:publish', 'mcp:call:read-*']),
  control('scope', 'bus:publish bus:publish'),
  control('scope', 'a:b:c:d/e.f_g~!*'),
  control('tier', undefined),
  control('status', { status_list: { idx: 0, uri } }),
  control('sealed', 'eyJ9..AAAA.BBBB.CCCC'),
  control('dlg_max', 3),
];

export const cases: readonly ContractCase[] = [
  ...rejects([...scopes, ...confirmations, ...others, ...large]),
  ...accepts(good),
  {
    name: 'verifyAgentToken() gives scp, scopes, permissions and roles no effect',
    run: async () => {
      const { withClaims, verifier } = await world();
      const admin = ['admin:write'];
      const token = await withClaims({
        scope: undefined,
        scp: admin,
        scopes: admin,
        permissions: admin,
        roles: admin,
        tier: undefined,
      });
      const agent = await verifier.verifyAgentToken(token);
      deepEqual(agent.scope, [], 'scope');
      equal(agent.tier, 'fast', 'tier');
    },
  },
  {
    name: 'verifyAgentToken() grants exactly the members of scope, string or array',
    run: async () => {
      const { withClaims, verifier } = await world();
      const members = ['bus:publish:team-a-*', 'tool:exec'];
      for (const scope of [members, members.join(' ')]) {
        const agent = await verifier.verifyAgentToken(await withClaims({ scope }));
        deepEqual(agent.scope, members, 'scope');
      }
    },
  },
  {
    name: 'verifyAgentToken() takes bounded time over long scopes and names',
    run: async () => {
      const { withClaims, verifierWith } = await world();
      const verifier = await verifierWith({ maxTokenBytes: 65_536 });
      const long = `${'a'.repeat(30_000)}!`;
      const began = performance.now();
      for (const changes of [
        { scope: long },
        { scope: `bus:${long}` },
        { sub: long },
        { sealed: `${long}.a.b.c.d` },
        { scope: 'a:b '.repeat(10_000) },
      ]) {
        await refused(verifier, await withClaims(changes), 'claim_malformed');
      }
      equal(performance.now() - began < 5000, true, 'done within five seconds');
    },
  },
];

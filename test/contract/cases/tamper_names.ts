// iss, aud, sub, jti and sid: exact strings, of the right type, from a narrow alphabet

import type { ContractCase } from '../case.ts';
import { accepts, rejects, type Control, type Mutation } from '../support/mutations.ts';

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'missing').slice(0, 48);

const claim = (name: string, value: unknown, code: Mutation['code']): Mutation => ({
  name: `${name} ${shown(value)}`,
  mutate: (from) =>
    from.withClaims({ [name]: value, ...(name === 'sub' ? { client_id: value } : {}) }),
  code,
});

const issuers = [
  undefined,
  null,
  '',
  0,
  true,
  {},
  ['yamtam-engine'],
  { 0: 'yamtam-engine' },
  'yamtam-engine/',
  'Yamtam-engine',
  'YAMTAM-ENGINE',
  'http://yamtam-engine',
  'https://yamtam-engine',
  'yamtam-engine:443',
  'user@yamtam-engine',
  'sub.yamtam-engine',
  'yamtam-engine.evil.test',
  'yamtam-еngine',
  'yamtam\u200b-engine',
  'yamtam-engine/./',
  'yamtam-engine#x',
  'yamtam-engine\u0000',
  ' yamtam-engine',
  'yamtam-engine ',
  'yamtam\u3002engine',
  'yamtam-engine.',
  'yamtam-engin',
  '*',
  '__proto__',
].map((iss) => claim('iss', iss, 'issuer_not_trusted'));

const audiences: readonly Mutation[] = [
  claim('aud', undefined, 'claim_missing'),
  ...[null, 0, true, {}, { 0: 'swarm-bus' }, [['swarm-bus']], ['swarm-bus', 1, null], [null]].map(
    (aud) => claim('aud', aud, 'claim_malformed'),
  ),
  ...[
    '',
    [],
    'other',
    'swarm-bus-2',
    'swarm',
    'Swarm-Bus',
    'swarm-bus/',
    '*',
    'swarm-bus,other',
    'swarm-bus other',
    ' swarm-bus',
    'swarm-bus\u0000',
    ['other'],
    ['swarm-bus other'],
    [''],
  ].map((aud) => claim('aud', aud, 'audience_mismatch')),
  {
    name: 'aud with 50,000 audiences',
    mutate: (from) => from.withClaims({ aud: Array.from({ length: 50_000 }, () => 'swarm-bus') }),
    code: 'token_too_large',
  },
];

const badIds = [
  '',
  ' ',
  0,
  1,
  null,
  true,
  [],
  ['planner'],
  {},
  'planner\r\nX-Admin: 1',
  'planner\n',
  'planner\u0000',
  'plan\tner',
  'planner\u007f',
  '\u001b[31mplanner',
  '\u202eplanner',
  'plan\u200bner',
  'планировщик',
  '😀',
  'é',
  'e\u0301',
  '../../admin',
  'a..b',
  '<script>',
  'a, b',
  'a b',
  'a%3Ab',
  'a+b',
  'a=b',
  'a*',
  '.planner',
  'planner.',
  '-planner',
  'planner-',
  '/planner',
  'planner/',
  '_planner',
  ':planner',
  '@planner',
  'x'.repeat(129),
].map((sub) => claim('sub', sub, 'claim_malformed'));

const badNames = [null, 0, true, [], {}, '', 'a\nb', 'a\u0000', 'a\u0085b', 'x'.repeat(129)];

const names: readonly Mutation[] = [
  claim('sub', undefined, 'claim_missing'),
  claim('sub', 'x'.repeat(100_000), 'token_too_large'),
  claim('jti', undefined, 'claim_missing'),
  claim('jti', 'x'.repeat(100_000), 'token_too_large'),
  claim('jti', 'x'.repeat(600), 'claim_malformed'),
  claim('client_id', undefined, 'claim_missing'),
  ...['other', null, '', 0, ['planner'], {}, 'Planner'].map((value) =>
    claim('client_id', value, 'claim_malformed'),
  ),
  ...['jti', 'sid'].flatMap((name) =>
    badNames.map((value) => claim(name, value, 'claim_malformed')),
  ),
];

/** A token whose names are unusual but right; the verifier is then asked for `planner` all the same. */
const control = (name: string, value: unknown): Control => ({
  name: `${name} ${shown(value)}`,
  make: (from) => from.withClaims({ [name]: value }),
});

const good: readonly Control[] = [
  control('aud', ['swarm-bus', 'other']),
  control('aud', ['other', 'swarm-bus']),
  control('aud', ['swarm-bus']),
  control('jti', 'x'.repeat(128)),
  control('jti', 'a:b*'),
  control('jti', '.'),
  control('jti', '..'),
  control('jti', '__proto__'),
  control('sid', undefined),
  control('sid', '長い/セッション'),
];

export const cases: readonly ContractCase[] = [
  ...rejects([...issuers, ...audiences, ...badIds, ...names]),
  ...accepts(good),
];

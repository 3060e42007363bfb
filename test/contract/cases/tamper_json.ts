// JSON and bytes of a token: duplicate names, encodings, trailing text, depth, prototypes

import { createVerifier, localKeys } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { withRaw, type Part } from '../support/forge.ts';
import { accepts, refused, rejects, type Control, type Mutation } from '../support/mutations.ts';
import { clock, world, type World } from '../support/world.ts';

const code = 'token_malformed';
const encoder = new TextEncoder();

/** A right signature over a payload that is made from the good one's text. */
const payload = (name: string, make: (text: string, from: World) => Part): Mutation => ({
  name,
  mutate: (from) => from.signed(from.header, make(JSON.stringify(from.claims), from)),
  code,
});

const header = (name: string, make: (text: string) => Part): Mutation => ({
  name,
  mutate: (from) => from.signed(make(JSON.stringify(from.header)), from.claims),
  code,
});

/** UTF-16 code units as bytes, low byte first. */
function utf16(text: string, mark: boolean): Uint8Array {
  const units = mark ? `\ufeff${text}` : text;
  return Uint8Array.from({ length: units.length * 2 }, (_, at) => {
    const unit = units.charCodeAt(at >> 1);
    return at % 2 === 0 ? unit & 255 : unit >> 8;
  });
}

/** The text's bytes with one member's value in a given byte sequence. */
function withBytes(text: string, bytes: readonly number[]): Uint8Array {
  const [before = '', after = ''] = text.split('planner', 2);
  const tail = text.slice(before.length + 'planner'.length);
  return Uint8Array.from([
    ...encoder.encode(before),
    ...bytes,
    ...encoder.encode(after === '' ? '' : tail),
  ]);
}

const duplicates: readonly Mutation[] = [
  payload('the name sub twice', (text) => text.replace('{', '{"sub":"admin",')),
  payload('the name sub twice with one value', (text) => text.replace('{', '{"sub":"planner",')),
  payload('the name exp twice', (text) => text.replace('}', ',"exp":9999999999}')),
  payload('the name sub twice by an escape', (text) =>
    text.replace('}', String.raw`,"\u0073ub":"admin"}`),
  ),
  payload('a name twice inside a member', (text) => text.replace('}', ',"x":{"a":1,"a":2}}')),
  payload('the name __proto__ twice', (text) => text.replace('}', ',"__proto__":1,"__proto__":2}')),
  header('the name alg twice', (text) => text.replace('{', '{"alg":"none",')),
  header('the name typ twice by an escape', (text) =>
    text.replace('}', String.raw`,"t\u0079p":"JWT"}`),
  ),
];

const encodings: readonly Mutation[] = [
  payload('a byte order mark before the payload', (text) => `\ufeff${text}`),
  header('a byte order mark before the header', (text) => `\ufeff${text}`),
  payload('a payload in UTF-16 with its mark', (text) => utf16(text, true)),
  payload('a payload in UTF-16 without a mark', (text) => utf16(text, false)),
  payload('a byte of Latin-1', (text) => withBytes(text, [0xe9])),
  payload('an overlong slash', (text) => withBytes(text, [0xc0, 0xaf])),
  payload('an overlong NUL', (text) => withBytes(text, [0xc0, 0x80])),
  payload('half a surrogate pair in CESU-8', (text) => withBytes(text, [0xed, 0xa0, 0x80])),
  payload('a surrogate pair in CESU-8', (text) =>
    withBytes(text, [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]),
  ),
  payload('a cut UTF-8 sequence', (text) => withBytes(text, [0xe2, 0x82])),
  payload('a code point past the last', (text) => withBytes(text, [0xf4, 0x90, 0x80, 0x80])),
  payload('a lone surrogate as an escape', (text) => text.replace('planner', String.raw`\ud800`)),
  payload('a raw NUL in sub', (text) => text.replace('planner', 'plan\u0000ner')),
];

const syntax: readonly Mutation[] = [
  payload('a NUL after the payload', (text) => `${text}\u0000`),
  payload('letters after the payload', (text) => `${text}x`),
  payload('a second object after the payload', (text) => `${text}{}`),
  payload('a comma after the last member', (text) => text.replace('}', ',}')),
  payload('a comment', (text) => text.replace('{', '{/* */')),
  payload('a line comment', (text) => `${text}//`),
  payload('single quotes', (text) => text.replaceAll('"', "'")),
  payload('NaN', (_text, { claims }) => withRaw(claims, 'exp', 'NaN')),
  payload('Infinity', (_text, { claims }) => withRaw(claims, 'exp', 'Infinity')),
  payload('a number with a plus', (_text, { claims }) => withRaw(claims, 'exp', '+1800000840')),
  payload('a hexadecimal number', (_text, { claims }) => withRaw(claims, 'exp', '0x6B49D200')),
  payload('a number with a leading zero', (_text, { claims }) => withRaw(claims, 'exp', '01')),
  payload('an array as payload', (text) => `[${text}]`),
  payload('a string as payload', () => '"planner"'),
  payload('null as payload', () => 'null'),
  payload('a number as payload', () => '1'),
  payload('an empty payload', () => ''),
  payload('white space as payload', () => '  '),
  header('an empty header', () => ''),
  header('null as header', () => 'null'),
  header('an array as header', (text) => `[${text}]`),
  header('a string as header', () => '"ES256"'),
];

const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const depths: readonly Mutation[] = [
  payload('arrays nested past the limit', (_text, { claims }) => withRaw(claims, 'x', nest(32))),
  payload('objects nested past the limit', (_text, { claims }) =>
    withRaw(claims, 'x', `${'{"a":'.repeat(32)}1${'}'.repeat(32)}`),
  ),
  payload('1,000 opened arrays', () => '['.repeat(1000)),
  {
    name: '100,000 nested arrays in the payload',
    mutate: (from) => from.signed(from.header, withRaw(from.claims, 'x', nest(100_000))),
    code: 'token_too_large',
  },
  {
    name: '5,000 nested arrays in the header',
    mutate: (from) => from.signed(withRaw(from.header, 'x', nest(5000)), from.claims),
    code: 'token_too_large',
  },
];

const prototypes: readonly Mutation[] = [
  {
    name: 'a header whose alg stands under __proto__ only',
    mutate: ({ signed, key, claims }) =>
      signed(`{"typ":"at+jwt","kid":"${key.kid}","__proto__":{"alg":"ES256"}}`, claims),
    code: 'alg_not_allowed',
  },
  {
    name: 'a sub that stands under __proto__ only',
    mutate: ({ signed, header: head, claims }) =>
      signed(head, withRaw({ ...claims, sub: undefined }, '__proto__', '{"sub":"planner"}')),
    code: 'claim_missing',
  },
];

const good: readonly Control[] = [
  {
    name: 'white space around and inside the payload',
    make: ({ signed, header: head, claims }) =>
      signed(head, ` \r\n\t${JSON.stringify(claims, null, 2)}\n `),
  },
  {
    name: 'white space in the header',
    make: ({ signed, header: head, claims }) => signed(JSON.stringify(head, null, 1), claims),
  },
  {
    name: 'escapes in names and values',
    make: ({ signed, header: head, claims }) =>
      signed(
        head,
        JSON.stringify(claims).replace('"sub":"planner"', String.raw`"s\u0075b":"pl\u0061nner"`),
      ),
  },
  {
    name: 'arrays nested up to the limit',
    make: ({ signed, header: head, claims }) => signed(head, withRaw(claims, 'x', nest(31))),
  },
  {
    name: 'members of Object.prototype as claims of no meaning',
    make: (from) => from.withClaims({ toString: 'x', hasOwnProperty: 1, constructor: {} }),
  },
];

export const cases: readonly ContractCase[] = [
  ...rejects([...duplicates, ...encodings, ...syntax, ...depths, ...prototypes]),
  ...accepts(good),
  {
    name: 'verifyAgentToken() keeps __proto__ and constructor in claims inert',
    run: async () => {
      const { signed, header: head, claims, verifier } = await world();
      const text = withRaw(
        { ...claims, scope: undefined, constructor: { prototype: { admin: true } } },
        '__proto__',
        '{"admin":true,"scope":"admin:write"}',
      );
      const agent = await verifier.verifyAgentToken(await signed(head, text));
      equal(Reflect.get({}, 'admin'), undefined, 'admin of a fresh object');
      equal(agent.scope.length, 0, 'scopes');
      equal(agent.claims.scope, undefined, 'scope claim');
      equal(Object.getPrototypeOf(agent.claims), Object.prototype, 'prototype of the claims');
      const merged: object = { ...agent.claims };
      equal(Reflect.get(merged, 'admin'), undefined, 'admin of a copy');
      equal(Reflect.get(structuredClone(agent.claims), 'admin'), undefined, 'admin of a clone');
    },
  },
  {
    name: 'verifyAgentToken() refuses deep nesting by its depth where the size would allow it',
    run: async () => {
      const { signed, header: head, claims, key } = await world();
      const keys = await localKeys(key.publicJwk);
      const verifier = createVerifier({ keys, clock, maxTokenBytes: 65_536 });
      await refused(verifier, await signed(head, withRaw(claims, 'x', nest(20_000))), code);
      await refused(verifier, await signed(head, withRaw(claims, 'x', '['.repeat(40_000))), code);
    },
  },
];

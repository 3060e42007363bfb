// Exactly one key: what a token's `alg` and `kid` find, and with which code they find nothing

import type { KeyQuery, KeySource } from '../../../src/keys/key_source.ts';
import { localKeys } from '../../../src/keys/local.ts';
import { equal, type ContractCase } from '../case.ts';
import { outcome } from '../support/key_set_server.ts';
import { ed8037, es7515, rsa7638 } from '../support/printed_keys.ts';

const { d: _es, ...es256 } = es7515;
const { d: _ed, ...ed25519 } = ed8037;
const { alg: _alg, ...rsa } = rsa7638;

const makeSet = (): Promise<KeySource> =>
  localKeys({
    keys: [
      { ...es256, kid: 'ec' },
      { ...ed25519, kid: 'ed' },
      { ...rsa, kid: 'rsa' },
      { ...es256, kid: '__proto__' },
    ],
  });

const table: readonly (readonly [query: KeyQuery, expected: string])[] = [
  [{ alg: 'ES256', kid: 'ec' }, 'ec'],
  [{ alg: 'EdDSA', kid: 'ed' }, 'ed'],
  [{ alg: 'Ed25519', kid: 'ed' }, 'ed'],
  [{ alg: 'RS256', kid: 'rsa' }, 'rsa'],
  [{ alg: 'PS256', kid: 'rsa' }, 'rsa'],
  [{ alg: 'ES256', kid: '__proto__' }, '__proto__'],
  [{ alg: 'Ed25519', kid: undefined }, 'ed'],
  [{ alg: 'EdDSA', kid: undefined }, 'ed'],
  [{ alg: 'PS256', kid: undefined }, 'rsa'],
  // The key under a known kid is for another algorithm
  [{ alg: 'ES256', kid: 'rsa' }, 'key_unusable'],
  [{ alg: 'ES384', kid: 'ec' }, 'key_unusable'],
  [{ alg: 'EdDSA', kid: 'ec' }, 'key_unusable'],
  [{ alg: 'RS256', kid: 'ed' }, 'key_unusable'],
  // Two keys fit, or none
  [{ alg: 'ES256', kid: undefined }, 'key_unknown'],
  [{ alg: 'ES384', kid: undefined }, 'key_unknown'],
  // Kids that are nobody's
  [{ alg: 'ES256', kid: '' }, 'key_unknown'],
  [{ alg: 'ES256', kid: 'EC' }, 'key_unknown'],
  [{ alg: 'ES256', kid: 'ec ' }, 'key_unknown'],
  [{ alg: 'ES256', kid: 'ec\0' }, 'key_unknown'],
  [{ alg: 'ES256', kid: 'constructor' }, 'key_unknown'],
  [{ alg: 'ES256', kid: 'prototype' }, 'key_unknown'],
  [{ alg: 'ES256', kid: 'toString' }, 'key_unknown'],
  [{ alg: 'ES256', kid: 'hasOwnProperty' }, 'key_unknown'],
  [{ alg: 'ES256', kid: 'length' }, 'key_unknown'],
  [{ alg: 'ES256', kid: '0' }, 'key_unknown'],
  [{ alg: 'ES256', kid: '../../../../dev/null' }, 'key_unknown'],
  [{ alg: 'ES256', kid: "' OR 1=1--" }, 'key_unknown'],
  [{ alg: 'ES256', kid: '\ud800' }, 'key_unknown'],
  [{ alg: 'ES256', kid: 'a'.repeat(1_000_000) }, 'key_unknown'],
];

export const cases: readonly ContractCase[] = [
  ...table.map(([query, expected]) => ({
    name: `find() answers ${expected} for ${query.alg} under ${JSON.stringify(query.kid)?.slice(0, 40)}`,
    run: async () => equal(await outcome(await makeSet(), query), expected, 'outcome'),
  })),
  {
    name: 'find() answers at once, and always with the same frozen object',
    run: async () => {
      const keys = await makeSet();
      const first = keys.find({ alg: 'ES256', kid: 'ec' });
      equal(first instanceof Promise, false, 'a promise');
      equal(keys.find({ alg: 'ES256', kid: 'ec' }), first, 'second answer');
      equal(Object.isFrozen(first), true, 'frozen');
    },
  },
  {
    name: 'find() finds a key without kid by its thumbprint',
    run: async () => {
      const keys = await localKeys(es256);
      const { thumbprint } = await keys.find({ alg: 'ES256', kid: undefined });
      const found = await keys.find({ alg: 'ES256', kid: thumbprint });
      equal(found.thumbprint, thumbprint, 'thumbprint');
    },
  },
];

// Names of what is revoked: hashes computed elsewhere, and every name of a token

import { revocationHash, type RevocationKind } from '../../../src/index.ts';
import { fingerprintOf } from '../../../src/revoke/fingerprint.ts';
import { namesOf } from '../../../src/revoke/records.ts';
import { decodeBase64url } from '../../../src/token/base64url.ts';
import { deepEqual, equal, type ContractCase } from '../case.ts';
import { authority, identityOf } from '../support/revocations.ts';

const thumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

/** Computed with Python's hashlib and struct. */
const vectors: readonly (readonly [RevocationKind, string, string, hash: string])[] = [
  ['token', 'yamtam-engine', 'a9c1c5b2-6f0e-4d7e-9a51-1f7f6f0c2b11', 'm_k-4ruyc9WT4e919fsF0w'],
  ['session', authority, 'run-1', '5nXmiQx3nXr5swhTTP_F5Q'],
  ['agent', authority, 'planner', '36wTuI0QP8Lh000tM4a0eA'],
  ['key', authority, thumbprint, 'TofXlPIwRnX_WGHlx-2gfQ'],
  ['jkt', authority, thumbprint, 'FMopZVXArohqzVgLIKcksA'],
  ['before', authority, 'planner', '92S1MeE3EZMkjQuCR4aLew'],
  ['before', authority, '', '8m4LOGBWYA9pQl1p_GZt8w'],
  ['token', authority, 'é€😀', 'gFFoNjSwFoTsxOUeLnAPTQ'],
  ['token', 'ab', 'c', 'OW70VGDJKReWCwXFfZN0dw'],
  ['token', 'a', 'bc', 'J2tNN_p-dYcQbJS5o8Kdtg'],
];

export const cases: readonly ContractCase[] = [
  ...vectors.map(([kind, issuer, value, hash]) => ({
    name: `revocationHash() of ${kind} "${value}" of ${issuer}`,
    run: async () => equal(await revocationHash({ kind, issuer, value }), hash, 'hash'),
  })),
  {
    name: 'the fingerprint of a hash is its first eight bytes',
    run: async () => {
      const hashes = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          revocationHash({ kind: 'token', issuer: authority, value: String(index) }),
        ),
      );
      for (const hash of [...vectors.map(([, , , text]) => text), ...hashes]) {
        const view = new DataView((decodeBase64url(hash) ?? new Uint8Array()).buffer);
        deepEqual(fingerprintOf(hash), { high: view.getUint32(0), low: view.getUint32(4) }, hash);
      }
    },
  },
  {
    name: 'the fingerprint of what is no hash is none',
    run: async () => {
      const good = 'm_k-4ruyc9WT4e919fsF0w';
      equal(fingerprintOf(good) === undefined, false, 'the control');
      for (const bad of [
        '',
        `${good}A`,
        good.slice(1),
        `+${good.slice(1)}`,
        good.replace(/w$/, 'x'),
      ]) {
        equal(fingerprintOf(bad), undefined, bad);
      }
      equal(fingerprintOf(`${good}\n`), undefined, 'with a line feed');
    },
  },
  {
    name: 'a token is known by its key, id, session, binding, agents, and issue time',
    run: async () => {
      const names = namesOf(identityOf({ agentIds: ['planner', 'worker'] }));
      deepEqual(
        names.map(({ kind, value }) => `${kind} ${value}`),
        [
          'key signing-key',
          'token token-1',
          'session run-1',
          'jkt agent-key',
          'agent planner',
          'agent worker',
          'before planner',
          'before worker',
          'before ',
        ],
        'names',
      );
      equal(
        names.every(({ issuer }) => issuer === authority),
        true,
        'of its issuer alone',
      );
    },
  },
  {
    name: 'an engine token is known by its key, agent and issue time',
    run: async () => {
      const bare = { tokenId: undefined, sessionId: undefined, jkt: undefined };
      deepEqual(
        namesOf(identityOf(bare)).map(({ kind }) => kind),
        ['key', 'agent', 'before', 'before'],
        'kinds',
      );
    },
  },
];

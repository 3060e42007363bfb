// importSigningKey and generateSigningKey: every form of a key, and what becomes of it

import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair } from 'jose';
import { generateSigningKey } from '../../../src/keys/generate.ts';
import { importSigningKey } from '../../../src/keys/import.ts';
import { localKeys } from '../../../src/keys/local.ts';
import type { SigningKey } from '../../../src/keys/signing_key.ts';
import { deepEqual, equal, type ContractCase } from '../case.ts';
import { ed8037, es7515 } from '../support/printed_keys.ts';
import { refusesCaller } from '../support/rejections.ts';

const algorithms = ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519'] as const;

function sameKey(actual: SigningKey, expected: SigningKey): void {
  equal(actual.kid, expected.kid, 'kid');
  equal(actual.alg, expected.alg, 'alg');
  deepEqual(actual.publicJwk, expected.publicJwk, 'public JWK');
}

const forms: readonly ContractCase[] = algorithms.flatMap((alg) => [
  {
    name: `importSigningKey() reads ${alg} from PKCS#8 PEM, not extractable`,
    run: async () => {
      const key = await generateSigningKey(alg);
      const imported = await importSigningKey(await exportPKCS8(key.privateKey), alg);
      sameKey(imported, key);
      equal(imported.privateKey.extractable, false, 'extractable');
    },
  },
  {
    name: `importSigningKey() reads ${alg} from a private JWK, not extractable`,
    run: async () => {
      const key = await generateSigningKey(alg);
      const imported = await importSigningKey(await exportJWK(key.privateKey), alg);
      sameKey(imported, key);
      equal(imported.privateKey.extractable, false, 'extractable');
    },
  },
  {
    name: `importSigningKey() takes a CryptoKey for ${alg} as it is`,
    run: async () => {
      const key = await generateSigningKey(alg);
      const imported = await importSigningKey(key.privateKey);
      sameKey(imported, key);
      equal(imported.privateKey, key.privateKey, 'private key');
    },
  },
  {
    name: `importSigningKey() takes a closed CryptoKey for ${alg} with its public JWK`,
    run: async () => {
      const key = await generateSigningKey(alg, { extractable: false });
      await refusesCaller(() => importSigningKey(key.privateKey), 'pass { publicJwk }');
      const { publicJwk } = key;
      sameKey(await importSigningKey(key.privateKey, alg, { publicJwk }), key);
    },
  },
  {
    name: `localKeys() reads ${alg} from SPKI PEM`,
    run: async () => {
      const { privateKey: _private, publicKey } = await generateKeyPair(alg, { extractable: true });
      const keys = await localKeys(await exportSPKI(publicKey));
      equal((await keys.find({ alg, kid: undefined })).alg, alg, 'alg');
    },
  },
]);

// A caller without types passes anything; the cast is what such a caller does.
const importAnything = importSigningKey as (...args: readonly unknown[]) => Promise<SigningKey>;
const generateAnything = generateSigningKey as (...args: readonly unknown[]) => Promise<SigningKey>;

export const cases: readonly ContractCase[] = [
  ...forms,
  {
    name: 'importSigningKey() refuses the public JWK of another key',
    run: async () => {
      const key = await generateSigningKey('ES256', { extractable: false });
      const { publicJwk } = await generateSigningKey('ES256');
      const work = () => importSigningKey(key.privateKey, 'ES256', { publicJwk });
      await refusesCaller(work, 'does not belong');
    },
  },
  {
    name: 'importSigningKey() refuses a private JWK as publicJwk',
    run: async () => {
      const key = await generateSigningKey('ES256', { extractable: false });
      const work = () => importSigningKey(key.privateKey, 'ES256', { publicJwk: es7515 });
      await refusesCaller(work, 'Pass the public JWK');
    },
  },
  {
    name: 'importSigningKey() refuses an unknown algorithm and an unknown option',
    run: async () => {
      await refusesCaller(() => importAnything(es7515, 'HS256'), 'must be one of');
      await refusesCaller(() => importAnything(es7515, '__proto__'), 'must be one of');
      await refusesCaller(() => importAnything(es7515, 'ES256', { public: 1 }), 'no option');
    },
  },
  {
    name: 'importSigningKey() does not take over a kid',
    run: async () => {
      const key = await importSigningKey({ ...ed8037, kid: 'mine' });
      equal(key.publicJwk.kid, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', 'kid');
    },
  },
  {
    name: 'importSigningKey() copies a JWK before it waits',
    run: async () => {
      const jwk = { ...ed8037, alg: 'EdDSA' };
      const imported = importSigningKey(jwk);
      Object.assign(jwk, { ...es7515, alg: 'ES256' });
      equal((await imported).alg, 'Ed25519', 'alg');
    },
  },
  {
    name: 'generateSigningKey() refuses algorithms outside the table and unknown options',
    run: async () => {
      for (const alg of ['HS256', 'none', 'EdDSA', 'ES512', 'toString', null, 1]) {
        await refusesCaller(() => generateAnything(alg), 'must be one of');
      }
      await refusesCaller(() => generateAnything('ES256', { extractible: true }), 'no option');
    },
  },
  {
    name: 'generateSigningKey() makes a frozen key whose public JWK has no private member',
    run: async () => {
      for (const alg of algorithms) {
        const key = await generateSigningKey(alg);
        equal(Object.isFrozen(key) && Object.isFrozen(key.publicJwk), true, 'frozen');
        for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) {
          equal(name in key.publicJwk, false, `${name} of ${alg}`);
        }
      }
    },
  },
];

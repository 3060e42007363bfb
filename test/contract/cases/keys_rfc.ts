// Keys and thumbprints as printed in RFC 7638, RFC 7517, RFC 7515, RFC 7516 and RFC 8037

import { generateSigningKey } from '../../../src/keys/generate.ts';
import { importSigningKey } from '../../../src/keys/import.ts';
import { localKeys } from '../../../src/keys/local.ts';
import { equal, type ContractCase } from '../case.ts';
import { refusesCaller } from '../support/rejections.ts';
import { ec7517, ed8037, es7515, rsa7516, rsa7638 } from '../support/printed_keys.ts';

export const cases: readonly ContractCase[] = [
  {
    // https://www.rfc-editor.org/rfc/rfc7638#section-3.1
    name: 'RFC 7638 3.1: the thumbprint of the printed RSA key',
    run: async () => {
      const keys = await localKeys(rsa7638);
      const found = await keys.find({ alg: 'RS256', kid: '2011-04-29' });
      equal(found.thumbprint, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', 'thumbprint');
    },
  },
  {
    // https://www.rfc-editor.org/rfc/rfc7638#section-3.2.1
    name: 'RFC 7638 3.2.1: members beside the required ones do not change the thumbprint',
    run: async () => {
      const { kty, n, e } = rsa7638;
      const keys = await localKeys({ e, n, kty, use: 'sig', x5t: 'ignored' });
      const found = await keys.find({
        alg: 'PS256',
        kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
      });
      equal(found.kid, undefined, 'published kid');
    },
  },
  {
    // https://www.rfc-editor.org/rfc/rfc8037#appendix-A.3
    name: 'RFC 8037 A.3: the thumbprint of the printed Ed25519 key',
    run: async () => {
      const { d: _d, ...publicJwk } = ed8037;
      const keys = await localKeys(publicJwk);
      const found = await keys.find({ alg: 'EdDSA', kid: undefined });
      equal(found.thumbprint, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', 'thumbprint');
    },
  },
  {
    // https://www.rfc-editor.org/rfc/rfc8037#appendix-A.1
    name: 'RFC 8037 A.1: the printed private key imports under its thumbprint',
    run: async () => {
      const key = await importSigningKey(ed8037);
      equal(key.kid, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', 'kid');
      equal(key.alg, 'Ed25519', 'alg');
    },
  },
  {
    // https://www.rfc-editor.org/rfc/rfc7515#appendix-A.3.1
    name: 'RFC 7515 A.3: the printed private key imports for ES256',
    run: async () => equal((await importSigningKey(es7515)).alg, 'ES256', 'alg'),
  },
  {
    // https://www.rfc-editor.org/rfc/rfc7516#appendix-A.1.3
    name: 'RFC 7516 A.1.3: the printed RSA key imports once its algorithm is named',
    run: async () => {
      await refusesCaller(() => importSigningKey(rsa7516), 'RS256 or PS256');
      equal((await importSigningKey(rsa7516, 'PS256')).alg, 'PS256', 'alg');
    },
  },
  {
    // https://www.rfc-editor.org/rfc/rfc7517#appendix-A.1
    name: 'RFC 7517 A.1: the printed EC key has "use": "enc" and verifies nothing',
    run: async () => {
      const { d: _d, ...publicJwk } = ec7517;
      await refusesCaller(() => localKeys({ keys: [publicJwk, rsa7638] }), '"use"');
    },
  },
  {
    // https://www.rfc-editor.org/rfc/rfc7517#appendix-A.2
    name: 'RFC 7517 A.2: the printed private EC key has "use": "enc" and signs nothing',
    run: async () => refusesCaller(() => importSigningKey(ec7517), '"use"'),
  },
  {
    // https://www.rfc-editor.org/rfc/rfc7517#appendix-A.3
    name: 'RFC 7517 A.3: the printed symmetric keys neither sign nor verify',
    run: async () => {
      const aes = { kty: 'oct', alg: 'A128KW', k: 'GawgguFyGrWKav7AX4VKUg' };
      await refusesCaller(() => importSigningKey(aes), 'symmetric');
      await refusesCaller(() => localKeys(aes), 'symmetric');
    },
  },
  {
    name: 'generateSigningKey() names each kind of key by its thumbprint',
    run: async () => {
      for (const alg of ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519'] as const) {
        const { kid, publicJwk } = await generateSigningKey(alg);
        const found = await (await localKeys(publicJwk)).find({ alg, kid });
        equal(found.thumbprint, kid, `thumbprint of ${alg}`);
      }
    },
  },
];

// createSealer: round trips, interoperation with plain jose, and what cannot be a payload

import {
  compactDecrypt,
  CompactEncrypt,
  exportJWK,
  generateKeyPair,
  type GenerateKeyPairOptions,
} from 'jose';
import { createSealer, type Sealer, type SharedKeyOptions } from '../../../src/seal/index.ts';
import { encodeBase64url } from '../../../src/token/base64url.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { ec7517, es7515 } from '../support/printed_keys.ts';
import { refusesCaller } from '../support/rejections.ts';

const secret = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
const payload = { task: 'summarize', pages: [1, 2.5], nested: { ключ: '😀' } };
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const aesKey = (usages: readonly KeyUsage[], bytes = secret): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new Uint8Array(bytes), 'AES-GCM', false, [...usages]);

const headerOf = (jwe: string): unknown =>
  JSON.parse(atob((jwe.split('.')[0] ?? '').replaceAll('-', '+').replaceAll('_', '/')));

interface Pair {
  readonly name: string;
  readonly alg: string;
  readonly make: () => Promise<{ readonly encrypts: Sealer; readonly decrypts: Sealer }>;
}

/** WebKitGTK fails to make one X25519 pair in 200. */
async function agreementPair(
  alg: string,
  options: GenerateKeyPairOptions,
): ReturnType<typeof generateKeyPair> {
  for (let left = 5; ; left--) {
    try {
      return await generateKeyPair(alg, options);
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

const pair = (name: string, alg: string, options: { crv?: string } = {}): readonly Pair[] => [
  {
    name: `${name} as JWK`,
    alg,
    make: async () => {
      const { publicKey, privateKey } = await agreementPair(alg, {
        extractable: true,
        ...options,
      });
      return {
        encrypts: createSealer({ recipient: await exportJWK(publicKey) }),
        decrypts: createSealer({ privateKey: await exportJWK(privateKey) }),
      };
    },
  },
  {
    name: `${name} as CryptoKey`,
    alg,
    make: async () => {
      const { publicKey, privateKey } = await agreementPair(alg, options);
      return {
        encrypts: createSealer({ recipient: publicKey }),
        decrypts: createSealer({ privateKey }),
      };
    },
  },
];

const pairs: readonly Pair[] = [
  ...pair('ECDH-ES+A256KW on P-256', 'ECDH-ES+A256KW', { crv: 'P-256' }),
  ...pair('ECDH-ES+A256KW on X25519', 'ECDH-ES+A256KW', { crv: 'X25519' }),
  ...pair('RSA-OAEP-256', 'RSA-OAEP-256'),
];

const { d: _d, ...ecPublic } = ec7517;
const oct = { kty: 'oct', k: encodeBase64url(secret) };

const badPayloads: readonly (readonly [name: string, payload: () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a string', () => 'text'],
  ['an array', () => [1]],
  ['a function', () => () => {}],
  ['an object that turns into a string', () => new Date(0)],
  ['an object that turns into nothing', () => ({ toJSON: () => undefined })],
  ['a lone surrogate', () => ({ text: '\ud800' })],
  ['a BigInt', () => ({ n: 1n })],
  ['a circle', circle],
  ['33 levels', () => deep(33)],
];

function circle(): object {
  const object: Record<string, unknown> = {};
  object['self'] = object;
  return object;
}

function deep(levels: number): object {
  let value: object = {};
  for (let level = 1; level < levels; level++) value = { value };
  return value;
}

export const cases: readonly ContractCase[] = [
  {
    name: 'createSealer() round trip under every form of one shared secret',
    run: async () => {
      const forms: readonly SharedKeyOptions['key'][] = [
        secret,
        encodeBase64url(secret),
        oct,
        await aesKey(['encrypt', 'decrypt']),
      ];
      const jwe = await createSealer({ key: secret }).encryptPayload(payload);
      for (const key of forms) {
        const sealer = createSealer({ key });
        deepEqual(await sealer.decryptPayload(jwe), payload, 'payload of another form');
        deepEqual(await sealer.decryptPayload(await sealer.encryptPayload(payload)), payload);
      }
    },
  },
  {
    name: 'encryptPayload() makes what plain jose decrypts, with dir and A256GCM',
    run: async () => {
      const jwe = await createSealer({ key: secret }).encryptPayload(payload);
      const { plaintext, protectedHeader } = await compactDecrypt(jwe, secret);
      deepEqual(JSON.parse(decoder.decode(plaintext)), payload, 'payload');
      deepEqual(protectedHeader, { alg: 'dir', enc: 'A256GCM' }, 'header');
    },
  },
  {
    name: 'decryptPayload() reads what plain jose encrypts, with dir and A256GCM',
    run: async () => {
      const jwe = await new CompactEncrypt(encoder.encode(JSON.stringify(payload)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: 'k', typ: 'JWE', cty: 'json', x: 1 })
        .encrypt(secret);
      deepEqual(await createSealer({ key: secret }).decryptPayload(jwe), payload, 'payload');
    },
  },
  ...pairs.flatMap(({ name, alg, make }) => [
    {
      name: `createSealer() round trip: ${name}`,
      run: async () => {
        const { encrypts, decrypts } = await make();
        const jwe = await encrypts.encryptPayload(payload);
        deepEqual(await decrypts.decryptPayload(jwe), payload, 'payload');
        const header = headerOf(jwe);
        equal(JSON.stringify(header).includes(`"alg":"${alg}","enc":"A256GCM"`), true, 'header');
        const other = await make();
        await rejectsWithCode(other.decrypts.decryptPayload(jwe), 'payload_undecryptable');
      },
    },
    {
      name: `createSealer() one-way: ${name}`,
      run: async () => {
        const { encrypts, decrypts } = await make();
        const jwe = await encrypts.encryptPayload(payload);
        await refusesCaller(() => encrypts.decryptPayload(jwe), 'only encrypts');
        await refusesCaller(() => encrypts.decryptPayload('junk'), 'only encrypts');
        await refusesCaller(() => decrypts.encryptPayload(payload), 'only decrypts');
      },
    },
  ]),
  {
    name: 'createSealer() reads the encryption keys of RFC 7517 A.1 and A.2, and names their kid',
    run: async () => {
      const jwe = await createSealer({ recipient: ecPublic }).encryptPayload(payload);
      deepEqual(await createSealer({ privateKey: ec7517 }).decryptPayload(jwe), payload, 'payload');
      equal(JSON.stringify(headerOf(jwe)).includes('"kid":"1"'), true, 'kid');
    },
  },
  {
    name: 'createSealer() with a CryptoKey for one direction goes that way only',
    run: async () => {
      const encrypts = createSealer({ key: await aesKey(['encrypt']) });
      const decrypts = createSealer({ key: await aesKey(['decrypt']) });
      deepEqual(await decrypts.decryptPayload(await encrypts.encryptPayload(payload)), payload);
      await refusesCaller(() => encrypts.decryptPayload('junk'), 'only encrypts');
      await refusesCaller(() => decrypts.encryptPayload(payload), 'only decrypts');
    },
  },
  {
    name: 'createSealer() refuses an EC point off its curve',
    run: async () => {
      const off = { ...ecPublic, y: `${ecPublic.y.slice(0, -1)}E` };
      await refusesCaller(() => createSealer({ recipient: off }), 'malformed');
      await refusesCaller(() => createSealer({ privateKey: { ...ec7517, y: off.y } }), 'malformed');
    },
  },
  {
    name: 'createSealer() copies its key: later changes have no effect',
    run: async () => {
      const bytes = secret.slice();
      const jwk = { ...ecPublic };
      const shared = createSealer({ key: bytes });
      const recipient = createSealer({ recipient: jwk });
      bytes.fill(7);
      Object.assign(jwk, { x: es7515.x, y: es7515.y });
      const jwe = await shared.encryptPayload(payload);
      deepEqual(await createSealer({ key: secret }).decryptPayload(jwe), payload, 'shared');
      const other = await recipient.encryptPayload(payload);
      deepEqual(await createSealer({ privateKey: ec7517 }).decryptPayload(other), payload, 'pair');
    },
  },
  {
    name: 'decryptPayload() takes __proto__ for a member like any other',
    run: async () => {
      const sealer = createSealer({ key: secret });
      const hostile = Object.defineProperty({}, '__proto__', {
        value: { admin: true },
        enumerable: true,
      });
      const opened = await sealer.decryptPayload(await sealer.encryptPayload(hostile));
      equal(Object.hasOwn(opened, '__proto__'), true, 'own member');
      equal(Reflect.get(opened, 'admin'), undefined, 'inherited member');
      equal(Reflect.get({}, 'admin'), undefined, 'member of every object');
    },
  },
  {
    name: 'encryptPayload() copies the payload before it waits',
    run: async () => {
      const sealer = createSealer({ key: secret });
      const value = { n: 1 };
      const jwe = sealer.encryptPayload(value);
      value.n = 2;
      deepEqual(await sealer.decryptPayload(await jwe), { n: 1 }, 'payload');
    },
  },
  {
    name: 'encryptPayload() never repeats an IV in 2,000 messages',
    run: async () => {
      const sealer = createSealer({ key: secret });
      const all = await Promise.all(
        Array.from({ length: 2000 }, async () => (await sealer.encryptPayload({})).split('.')[2]),
      );
      equal(new Set(all).size, 2000, 'IVs');
    },
  },
  {
    name: 'encryptPayload() and decryptPayload() agree on maxBytes to the byte',
    run: async () => {
      // 30 bytes of header in base64url, 4 dots, 16 of IV, 22 of tag, and 4/3 of the JSON.
      const ofLength = (length: number): object => ({ a: 'x'.repeat(length - 8) });
      const roomy = createSealer({ key: secret, maxBytes: 4096 });
      const exact = (await roomy.encryptPayload(ofLength(300))).length;
      const tight = createSealer({ key: secret, maxBytes: exact });
      const jwe = await tight.encryptPayload(ofLength(300));
      equal(jwe.length, exact, 'length');
      deepEqual(await tight.decryptPayload(jwe), ofLength(300), 'payload');
      await refusesCaller(() => tight.encryptPayload(ofLength(301)), `larger than ${exact} bytes`);
      const larger = await roomy.encryptPayload(ofLength(301));
      await rejectsWithCode(tight.decryptPayload(larger), 'payload_undecryptable');
    },
  },
  ...badPayloads.map(([name, value]) => ({
    name: `encryptPayload() refuses ${name}`,
    run: async () => {
      const sealer = createSealer({ key: secret });
      await refusesCaller(() => sealer.encryptPayload(value() as object), '');
    },
  })),
];

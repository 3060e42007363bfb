// DPoP proofs that must be refused: each member missing or wrong, foreign keys, other forms, aliases

import { verifyDpopProof } from '../../../src/index.ts';
import type { ContractCase } from '../case.ts';
import { mac, sha256, sign, split, withRaw, type Json } from '../support/forge.ts';
import { accessToken, bareJwk, held, proofRefused, proofWith, request } from '../support/proofs.ts';
import { clock, keyOf, now } from '../support/world.ts';

type Row = readonly [name: string, changes: Json, member: string];

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'missing').slice(0, 48);

const each = (name: string, values: readonly unknown[], member = name): readonly Row[] =>
  values.map((value): Row => [`${name} ${shown(value)}`, { [name]: value }, member]);

const types = [
  undefined,
  null,
  '',
  'JWT',
  'at+jwt',
  'DPOP+JWT',
  'application/dpop+jwt',
  0,
  ['dpop+jwt'],
  {},
];
const algorithms = [
  undefined,
  null,
  '',
  'none',
  'None',
  'HS256',
  'RS256',
  'PS256',
  'ES384',
  'es256',
  0,
  [],
  {},
];

const headerRows: readonly Row[] = [
  ...each('typ', types),
  ...each('alg', algorithms),
  ...each('jwk', [undefined, null, '', 'x', 0, [], {}, { kty: 'EC' }, { kty: 'oct', k: 'AAAA' }]),
  ...each('jku', ['https://evil.test/jwks.json', null]),
  ...each('x5u', ['https://evil.test/cert']),
  ...each('x5c', [['MIIB']]),
  ...each('crit', [['x'], []]),
  ...each('b64', [false, true]),
  ...each('kid', ['other', '', null, 0, {}]),
];

const claimRows: readonly Row[] = [
  ...each('jti', [undefined, null, '', 0, [], {}, 'a\nb', 'x'.repeat(129)]),
  ...each('htm', [undefined, null, '', 'get', 'Get', 'POST', 'PUT', 'GET ', 0, ['GET']]),
  ...each('htu', [undefined, null, '', 0, {}, [request.url]]),
  ...each('iat', [undefined, null, '', `${now}`, [now], {}, true, now * 1000, 0, -1]),
  ...each('iat', [now - 3600, now - 60, now + 6, now + 3600]),
  ...each('exp', [null, `${now}`, [], now - 5, now - 3600, 0]),
  ...each('nbf', [null, `${now}`, [], now + 6, now + 3600]),
  ...each('ath', [undefined, null, '', 0, 'x', [], {}]),
];

/** Claims whose value is JSON text that JavaScript would not write. */
const rawRows: readonly (readonly [name: string, text: string])[] = [
  ['iat', '1e400'],
  ['iat', '-1e400'],
  ['exp', '1e400'],
  ['nbf', '-1e400'],
];

/** The good proof's `jwk`, changed. */
const keyRows: readonly (readonly [name: string, make: () => Promise<Json>])[] = [
  ['with a private member', async () => ({ ...(await bareJwk()), d: 'AAAA' })],
  ['for encryption', async () => ({ ...(await bareJwk()), use: 'enc' })],
  ['for signing only', async () => ({ ...(await bareJwk()), key_ops: ['sign'] })],
  ['for another algorithm', async () => ({ ...(await bareJwk()), alg: 'RS256' })],
  ['of another curve', async () => ({ ...(await bareJwk()), crv: 'P-384' })],
  [
    'with a padded coordinate',
    async () => ({ ...(await bareJwk()), x: `${String((await bareJwk())['x'])}=` }),
  ],
  ['with a point off the curve', async () => ({ ...(await bareJwk()), y: (await bareJwk())['x'] })],
  ['without a coordinate', async () => ({ ...(await bareJwk()), y: undefined })],
  ['of RSA with 1,024 bits', async () => ({ kty: 'RSA', e: 'AQAB', n: '_'.repeat(171) })],
  ['of RSA with exponent 1', async () => ({ kty: 'RSA', e: 'AQ', n: '_'.repeat(342) })],
];

const forms: readonly (readonly [name: string, make: () => Promise<string>])[] = [
  ['the empty string', async () => ''],
  ['two proofs in a list', async () => `${await proofWith()}, ${await proofWith()}`],
  ['two proofs in a list without space', async () => `${await proofWith()},${await proofWith()}`],
  [
    'a JSON serialization',
    async () => {
      const [header, payload, signature] = split(await proofWith());
      return JSON.stringify({ protected: header, payload, signature });
    },
  ],
  ['the access token itself', async () => accessToken],
  ['a proof with padding', async () => `${await proofWith()}==`],
  ['a proof with a space', async () => ` ${await proofWith()}`],
  ['a proof with a line feed', async () => `${await proofWith()}\n`],
  ['two segments', async () => (await proofWith()).split('.').slice(0, 2).join('.')],
  ['a proof of over 4,096 bytes', () => proofWith({ claims: { pad: 'x'.repeat(4000) } })],
  [
    'a proof of over 4,096 bytes that has dlg',
    () => proofWith({ claims: { dlg: [], pad: 'x'.repeat(4000) } }),
  ],
  ['a jti of 1 MB', () => proofWith({ claims: { jti: 'x'.repeat(1_048_576) } })],
  ['no signature', async () => `${(await proofWith()).split('.').slice(0, 2).join('.')}.`],
  ['a signature by another key than the one in jwk', () => proofWith({ signer: 'stranger' })],
  [
    'the signature of another proof',
    async () => {
      const [header, payload] = split(await proofWith());
      return `${header}.${payload}.${split(await proofWith({ claims: { jti: 'b' } }))[2]}`;
    },
  ],
];

const refusal = (name: string, run: () => Promise<void>): ContractCase => ({
  name: `verifyDpopProof() rejects ${name}`,
  run,
});

export const cases: readonly ContractCase[] = [
  ...headerRows.map(([name, header, member]) =>
    refusal(`a header with ${name}`, () => proofRefused(proofWith({ header }), member)),
  ),
  ...claimRows.map(([name, claims, member]) =>
    refusal(`a proof with ${name}`, () => proofRefused(proofWith({ claims }), member)),
  ),
  ...rawRows.map(([name, text]) =>
    refusal(`a proof with ${name} ${text}`, async () => {
      const { privateKey } = await keyOf('ES256', 'proof');
      const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: await bareJwk() };
      const claims = {
        jti: 'a',
        htm: 'GET',
        htu: request.url,
        iat: now,
        ath: await sha256(accessToken),
      };
      await proofRefused(sign(privateKey, header, withRaw(claims, name, text)), name);
    }),
  ),
  ...keyRows.map(([name, make]) =>
    refusal(`a key ${name}`, async () => {
      await proofRefused(proofWith({ header: { jwk: await make() } }), 'jwk');
    }),
  ),
  ...forms.map(([name, make]) => refusal(name, () => proofRefused(make(), undefined))),
  refusal('an HS256 MAC with a symmetric key in jwk', async () => {
    const jwk = { kty: 'oct', k: 'c2VjcmV0' };
    const claims = { jti: 'a', htm: 'GET', htu: request.url, iat: now };
    await proofRefused(mac('secret', { typ: 'dpop+jwt', alg: 'HS256', jwk }, claims), 'alg');
    await proofRefused(mac('secret', { typ: 'dpop+jwt', alg: 'ES256', jwk }, claims), 'jwk');
  }),
  refusal('a good proof by a key that is not the bound one', async () => {
    const jwk = await bareJwk('stranger');
    await proofRefused(proofWith({ header: { jwk }, signer: 'stranger' }), 'jwk');
  }),
  refusal('the ath of another token, and of an alias of the token', async () => {
    for (const other of ['another.access.token', `${accessToken}=`, `${accessToken} `]) {
      await proofRefused(proofWith({ claims: { ath: await sha256(other) } }), 'ath');
    }
    const hash = await sha256(accessToken);
    await proofRefused(proofWith({ claims: { ath: `${hash}=` } }), 'ath');
  }),
  refusal('a proof that was made for the token endpoint, at a resource', async () => {
    const proof = await proofWith({ claims: { ath: undefined } });
    await proofRefused(proof, 'ath');
    const { kid: jkt } = await keyOf('ES256', 'proof');
    await verifyDpopProof(proof, { ...request, jkt, clock });
  }),
  {
    name: 'verifyDpopProof() accepts the proof that all these were changed from',
    run: async () => void (await held(await proofWith())),
  },
];

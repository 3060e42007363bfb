// Sealed claims and nested tokens: what they are tied to, and that decryption is not authentication

import { CompactEncrypt } from 'jose';
import { generateSigningKey } from '../../../src/keys/generate.ts';
import { localKeys } from '../../../src/keys/local.ts';
import { createIssuer } from '../../../src/issue/issuer.ts';
import {
  createSealer,
  openSealedClaims,
  openToken,
  sealClaims,
  sealToken,
  type Sealer,
} from '../../../src/seal/index.ts';
import type { VerifiedAgent } from '../../../src/token/agent.ts';
import { encodeBase64url } from '../../../src/token/base64url.ts';
import { createVerifier } from '../../../src/verify/verifier.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { ec7517 } from '../support/printed_keys.ts';
import { refusesCaller } from '../support/rejections.ts';

const { d: _d, ...ecPublic } = ec7517;
const encoder = new TextEncoder();
const secret = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
const shared = createSealer({ key: secret });
const recipient = createSealer({ recipient: ecPublic });
const own = createSealer({ privateKey: ec7517 });
const claims = { api_key: 'for one reader' };

async function agentWith(sealed?: string): Promise<VerifiedAgent> {
  const key = await generateSigningKey();
  const token = await createIssuer({ key }).issueAgentToken({
    sub: 'planner',
    tier: 'fast',
    scope: ['bus:publish'],
    ...(sealed === undefined ? {} : { sealed }),
  });
  const verifier = createVerifier({ keys: await localKeys(key.publicJwk) });
  return verifier.verifyAgentToken(token);
}

async function signedToken(): Promise<string> {
  const issuer = createIssuer({ key: await generateSigningKey() });
  return issuer.issueAgentToken({ sub: 'planner', tier: 'fast', scope: [] });
}

const encode = (value: string): string => encodeBase64url(encoder.encode(value));
const jws = (header: object): string => `${encode(JSON.stringify(header))}.e30.AA`;

const forged = (plain: string, header: object): Promise<string> =>
  new CompactEncrypt(encoder.encode(plain))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', ...header })
    .encrypt(secret);

const noSignedTokens: readonly (readonly [name: string, token: string])[] = [
  ['an empty string', ''],
  ['text', 'text'],
  ['a JSON object', '{}'],
  ['two segments', `${encode('{"typ":"at+jwt"}')}.e30`],
  ['an empty signature', `${encode('{"typ":"at+jwt"}')}.e30.`],
  ['no typ', jws({ alg: 'ES256' })],
  ['a typ that is a number', jws({ alg: 'ES256', typ: 1 })],
  ['a token inside the token', jws({ alg: 'ES256', typ: 'at+jwt', cty: 'JWT' })],
  ['any cty', jws({ alg: 'ES256', typ: 'at+jwt', cty: 'json' })],
  ['typ twice', `${encode('{"typ":"at+jwt","typ":"at+jwt"}')}.e30.AA`],
  ['a header with padding', `${encode('{"typ":"JWT"}')}=.e30.AA`],
  ['a space after', `${jws({ typ: 'at+jwt' })} `],
];

// What callers without types do.
const open = openSealedClaims as (agent: unknown, sealer: unknown) => Promise<object | undefined>;

export const cases: readonly ContractCase[] = [
  {
    name: 'openSealedClaims() opens those of a verified agent, by shared secret and by key pair',
    run: async () => {
      for (const [seals, opens] of [
        [shared, shared],
        [recipient, own],
      ] as const) {
        const agent = await agentWith(await sealClaims(claims, seals));
        deepEqual(await openSealedClaims(agent, opens), claims, 'claims');
      }
    },
  },
  {
    name: 'openSealedClaims() answers undefined for a token that has none',
    run: async () => equal(await openSealedClaims(await agentWith(), shared), undefined, 'claims'),
  },
  {
    name: 'openSealedClaims() takes no look-alike of a verified agent',
    run: async () => {
      const agent = await agentWith(await sealClaims(claims, shared));
      for (const value of [{ ...agent }, { claims: agent.claims }, null, undefined, agent.claims]) {
        await refusesCaller(() => open(value, shared), 'that a verifier returned');
      }
    },
  },
  {
    name: 'openSealedClaims() takes no look-alike of a sealer',
    run: async () => {
      const agent = await agentWith(await sealClaims(claims, shared));
      for (const value of [{ ...shared }, null, undefined, { decryptPayload: () => ({}) }]) {
        await refusesCaller(() => open(agent, value), 'must be one of createSealer');
      }
    },
  },
  {
    name: 'openSealedClaims() refuses a payload and a nested token in their place',
    run: async () => {
      const token = await sealToken(jws({ typ: 'at+jwt' }), shared);
      for (const sealed of [await shared.encryptPayload(claims), token]) {
        const agent = await agentWith(sealed);
        await rejectsWithCode(openSealedClaims(agent, shared), 'payload_undecryptable');
      }
    },
  },
  {
    name: 'openSealedClaims() refuses claims for another recipient',
    run: async () => {
      const other = createSealer({ key: secret.map((byte) => byte ^ 1) });
      const agent = await agentWith(await sealClaims(claims, other));
      await rejectsWithCode(openSealedClaims(agent, shared), 'payload_undecryptable');
      await refusesCaller(() => openSealedClaims(agent, recipient), 'only encrypts');
    },
  },
  {
    name: 'sealToken() and openToken() hand the same token through, by secret and by key pair',
    run: async () => {
      const token = await signedToken();
      for (const [seals, opens] of [
        [shared, shared],
        [recipient, own],
      ] as const) {
        equal(await openToken(await sealToken(token, seals), opens), token, 'token');
      }
    },
  },
  {
    name: 'sealToken() marks the JWE as RFC 7519 section 5.2 says',
    run: async () => {
      const [header = ''] = (await sealToken(await signedToken(), shared)).split('.');
      deepEqual(
        JSON.parse(atob(header.replaceAll('-', '+').replaceAll('_', '/'))),
        { alg: 'dir', enc: 'A256GCM', typ: 'JWT', cty: 'JWT' },
        'header',
      );
    },
  },
  {
    name: 'openToken() verifies nothing: a forged token comes out as the string it is',
    run: async () => {
      const token = jws({ alg: 'none', typ: 'at+jwt' });
      const inner = await openToken(await sealToken(token, recipient), own);
      equal(inner, token, 'token');
      const verifier = createVerifier({
        keys: await localKeys((await generateSigningKey()).publicJwk),
      });
      const verdict = await verifier.checkAgentToken(inner);
      equal(verdict.ok, false, 'verdict');
    },
  },
  {
    name: 'openToken() takes "application/JWT" for a cty, and nothing else',
    run: async () => {
      const token = jws({ typ: 'at+jwt' });
      equal(
        await openToken(await forged(token, { cty: 'application/JWT' }), shared),
        token,
        'token',
      );
      for (const header of [{}, { cty: 'json' }, { cty: ' JWT' }, { typ: 'JWT' }]) {
        const jwe = await forged(token, header);
        await rejectsWithCode(openToken(jwe, shared), 'payload_undecryptable');
      }
    },
  },
  {
    name: 'openToken() refuses a payload and sealed claims',
    run: async () => {
      for (const jwe of [await shared.encryptPayload({}), await sealClaims({}, shared)]) {
        await rejectsWithCode(openToken(jwe, shared), 'payload_undecryptable');
      }
    },
  },
  {
    name: 'sealToken() and openToken() stop at one level',
    run: async () => {
      const nested = await sealToken(await signedToken(), shared);
      await refusesCaller(() => sealToken(nested, shared), 'Only a compact JWS');
      const jwe = await forged(nested, { cty: 'JWT' });
      await rejectsWithCode(openToken(jwe, shared), 'payload_undecryptable');
    },
  },
  ...noSignedTokens.flatMap(([name, token]) => [
    {
      name: `sealToken() refuses ${name}`,
      run: async () => refusesCaller(() => sealToken(token, shared), 'Only a compact JWS'),
    },
    {
      name: `openToken() refuses ${name} inside`,
      run: async () => {
        const jwe = await forged(token, { cty: 'JWT' });
        await rejectsWithCode(openToken(jwe, shared), 'payload_undecryptable');
      },
    },
  ]),
  {
    name: 'sealToken() refuses a look-alike of a sealer',
    run: async () => {
      const fake: Sealer = { ...shared };
      await refusesCaller(() => sealToken(jws({ typ: 'at+jwt' }), fake), 'must be one of');
    },
  },
];

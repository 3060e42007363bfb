// The engine that exists today and this library, both directions, with plain jose as the engine uses it

import { CompactEncrypt, compactDecrypt, jwtVerify, SignJWT } from 'jose';
import {
  createIssuer,
  createSealer,
  createVerifier,
  localKeys,
  type RevocationSource,
  type SigningKey,
  type TokenIdentity,
} from '../../../src/index.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { change, sign } from '../support/forge.ts';
import { refused } from '../support/mutations.ts';
import { clock, keyOf, now, world } from '../support/world.ts';

const engineKey = (): Promise<SigningKey> => keyOf('ES256', 'engine');

/** As the engine makes them, to the letter, on the system's clock. */
async function engineToken(): Promise<string> {
  const { privateKey } = await engineKey();
  return new SignJWT({ sub: 'planner', tier: 'power', scope: ['bus:publish', 'bus:receive'] })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuedAt()
    .setIssuer('yamtam-engine')
    .setAudience('swarm-bus')
    .setExpirationTime('15m')
    .sign(privateKey);
}

/** The same claims at the suite's own time. */
const engineClaims = {
  sub: 'planner',
  tier: 'power',
  scope: ['bus:publish'],
  iat: now,
  exp: now + 900,
  iss: 'yamtam-engine',
  aud: 'swarm-bus',
};

async function engineSigned(header: object, changes = {}): Promise<string> {
  const { privateKey } = await engineKey();
  return sign(privateKey, { alg: 'ES256', ...header }, change(engineClaims, changes));
}

const engineVerifier = async (revocation?: RevocationSource) =>
  createVerifier({
    keys: await localKeys((await engineKey()).publicJwk),
    profile: 'engine',
    clock,
    ...(revocation === undefined ? {} : { revocation }),
  });

const accepted: readonly (readonly [name: string, header: object, changes: object])[] = [
  ['without typ', {}, {}],
  ['with typ JWT', { typ: 'JWT' }, {}],
  ['with typ jwt', { typ: 'jwt' }, {}],
  ['with typ at+jwt', { typ: 'at+jwt' }, {}],
  ['with scope as a string', {}, { scope: 'bus:publish bus:receive' }],
  ['with a jti and a sid', {}, { jti: 'a', sid: 'b' }],
  ['without tier and scope', {}, { tier: undefined, scope: undefined }],
];

const refusals: readonly (readonly [
  name: string,
  header: object,
  changes: object,
  code: Parameters<typeof refused>[2],
])[] = [
  ['alg none', { alg: 'none' }, {}, 'alg_not_allowed'],
  ['typ dpop+jwt', { typ: 'dpop+jwt' }, {}, 'typ_not_allowed'],
  ['typ null', { typ: null }, {}, 'typ_not_allowed'],
  ['a jwk', { jwk: {} }, {}, 'header_not_allowed'],
  ['crit', { crit: ['exp'] }, {}, 'header_not_allowed'],
  ['another kid', { kid: 'x' }, {}, 'key_unknown'],
  ['another iss', {}, { iss: 'other' }, 'issuer_not_trusted'],
  ['another aud', {}, { aud: 'other' }, 'audience_mismatch'],
  ['no aud', {}, { aud: undefined }, 'claim_missing'],
  ['no sub', {}, { sub: undefined }, 'claim_missing'],
  ['no iat', {}, { iat: undefined }, 'claim_missing'],
  ['no exp', {}, { exp: undefined }, 'claim_missing'],
  ['a malformed jti', {}, { jti: 1 }, 'claim_malformed'],
  ['another client_id', {}, { client_id: 'other' }, 'claim_malformed'],
  ['a lifetime over an hour', {}, { exp: now + 3601 }, 'lifetime_too_long'],
  ['an iat in the future', {}, { iat: now + 60 }, 'token_not_active'],
  ['an exp in the past', {}, { iat: now - 900, exp: now - 5 }, 'token_expired'],
];

export const cases: readonly ContractCase[] = [
  {
    name: 'verifyAgentToken() accepts a token that the engine made',
    run: async () => {
      const keys = await localKeys((await engineKey()).publicJwk);
      const verifier = createVerifier({ keys, profile: 'engine' });
      const agent = await verifier.verifyAgentToken(await engineToken());
      equal(agent.agentId, 'planner', 'agentId');
      equal(agent.tier, 'power', 'tier');
      deepEqual(agent.scope, ['bus:publish', 'bus:receive'], 'scope');
      equal(agent.tokenId, undefined, 'tokenId');
      equal(agent.sessionId, undefined, 'sessionId');
    },
  },
  {
    name: 'verifyAgentToken() rejects a token that the engine made under the default profile',
    run: async () => {
      const keys = await localKeys((await engineKey()).publicJwk);
      await refused(createVerifier({ keys }), await engineToken(), 'typ_not_allowed');
      const typed = await engineSigned({ typ: 'at+jwt' });
      await refused(createVerifier({ keys, clock }), typed, 'claim_missing');
    },
  },
  ...accepted.map(([name, header, changes]) => ({
    name: `verifyAgentToken() accepts an engine token ${name}`,
    run: async () => {
      const verifier = await engineVerifier();
      const agent = await verifier.verifyAgentToken(await engineSigned(header, changes));
      equal(agent.agentId, 'planner', 'agentId');
    },
  })),
  ...refusals.map(([name, header, changes, code]) => ({
    name: `verifyAgentToken() rejects an engine token with ${name}`,
    run: async () => refused(await engineVerifier(), await engineSigned(header, changes), code),
  })),
  {
    name: 'verifyAgentToken() lets revocation name an engine token by agent, key and issue time',
    run: async () => {
      const asked: TokenIdentity[] = [];
      const verifier = await engineVerifier({
        isRevoked: (chain) => {
          asked.push(...chain);
          return true;
        },
      });
      await refused(verifier, await engineSigned({}), 'token_revoked');
      const { kid } = await engineKey();
      deepEqual(
        asked,
        [
          {
            issuer: 'yamtam-engine',
            agentIds: ['planner'],
            keyThumbprint: kid,
            issuedAt: now,
            expiresAt: now + 900,
          },
        ],
        'identities',
      );
    },
  },
  {
    name: "issueAgentToken() makes by its defaults what the engine's check accepts",
    run: async () => {
      const key = await engineKey();
      const { token, publicKey } = await issued(key);
      const options = { issuer: 'yamtam-engine', audience: 'swarm-bus' };
      const { payload, protectedHeader } = await jwtVerify(token, publicKey, options);
      equal(payload.sub, 'planner', 'sub');
      equal(payload['tier'], 'fast', 'tier');
      equal(payload['scope'], 'bus:publish', 'scope');
      deepEqual(protectedHeader, { alg: 'ES256', typ: 'at+jwt', kid: key.kid }, 'header');
      const other = jwtVerify(token, publicKey, { issuer: 'yamtam-engine', audience: 'x' });
      await rejectsWithCode(other, 'ERR_JWT_CLAIM_VALIDATION_FAILED');
    },
  },
  {
    name: 'issueAgentToken() makes with scopeFormat array what the engine reads as its own scope',
    run: async () => {
      const key = await engineKey();
      const { token, publicKey } = await issued(key, 'array');
      const { payload } = await jwtVerify(token, publicKey);
      deepEqual(payload['scope'], ['bus:publish'], 'scope');
    },
  },
  {
    name: 'encryptPayload() and decryptPayload() interoperate with jose under dir and A256GCM',
    run: async () => {
      const secret = crypto.getRandomValues(new Uint8Array(32));
      const sealer = createSealer({ key: secret });
      const jwe = await new CompactEncrypt(new TextEncoder().encode('{"a":1}'))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(secret);
      deepEqual(await sealer.decryptPayload(jwe), { a: 1 }, 'what jose encrypted');
      const { plaintext } = await compactDecrypt(await sealer.encryptPayload({ b: 2 }), secret);
      equal(new TextDecoder().decode(plaintext), '{"b":2}', 'what the library encrypted');
    },
  },
  {
    name: 'verifyAgentToken() trusts the address and the engine side by side, each by its profile',
    run: async () => {
      const { key, header, claims, signed } = await world();
      const verifier = createVerifier({
        issuers: [
          { issuer: 'https://bus.example', keys: await localKeys(key.publicJwk) },
          {
            issuer: 'yamtam-engine',
            keys: await localKeys((await engineKey()).publicJwk),
            profile: 'engine',
          },
        ],
        clock,
      });
      const own = change(claims, { iss: 'https://bus.example' });
      equal((await verifier.verifyAgentToken(await signed(header, own))).issuer, own['iss'], 'iss');
      const engine = await verifier.verifyAgentToken(await engineSigned({}));
      equal(engine.issuer, 'yamtam-engine', 'issuer');
      const untyped = change(header, { typ: undefined });
      await refused(verifier, await signed(untyped, own), 'typ_not_allowed');
      await refused(verifier, await signed(header, claims), 'key_unknown');
    },
  },
];

async function issued(
  key: SigningKey,
  scopeFormat?: 'array',
): Promise<{ token: string; publicKey: CryptoKey }> {
  const issuer = createIssuer({ key, ...(scopeFormat === undefined ? {} : { scopeFormat }) });
  const token = await issuer.issueAgentToken({
    sub: 'planner',
    tier: 'fast',
    scope: ['bus:publish'],
  });
  const { kty, crv = '', x = '', y = '' } = key.publicJwk;
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const jwk = { kty, crv, x, y };
  const publicKey = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']);
  return { token, publicKey };
}

// Tokens of one algorithm, and everything that verifies them: the bare signature, this library, and its peers.

import { createPublicKey, type KeyObject } from 'node:crypto';
import { verify as verifyTsndr } from '@tsndr/cloudflare-worker-jwt';
import { JwtVerifier } from 'aws-jwt-verify';
import { createVerifier as createFastVerifier } from 'fast-jwt';
import { verify as verifyHono } from 'hono/jwt';
import { flattenedVerify, importJWK, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import {
  createIssuer,
  createVerifier,
  generateSigningKey,
  localKeys,
  type KeySource,
} from '../../src/index.ts';
import type { Contender } from './interleave.ts';

const issuer = 'yamtam-engine';
const audience = 'swarm-bus';

/** An algorithm that all peers know. */
export type PeerAlgorithm = 'ES256' | 'RS256';

/** Tokens, and who verifies them. */
export interface Field {
  readonly tokens: readonly string[];
  /** In promises: the bare check first, then this library. */
  readonly asynchronous: readonly Contender[];
  /** In one go, on this thread. */
  readonly synchronous: readonly Contender[];
  /** Again: a peer with its cache, then this library. */
  readonly again: readonly Contender[];
}

async function issueTokens(
  key: Awaited<ReturnType<typeof generateSigningKey>>,
  count: number,
): Promise<readonly string[]> {
  const tokenIssuer = createIssuer({ key });
  const tokens: string[] = [];
  for (let index = 0; index < count; index++) {
    const request = { sub: `agent-${index % 500}`, tier: 'fast', sid: crypto.randomUUID() };
    const scope = ['bus:publish', 'bus:receive'];
    tokens.push(await tokenIssuer.issueAgentToken({ ...request, scope }));
  }
  return tokens;
}

/** The signature and nothing else: bytes are made beforehand. */
function bareSignature(tokens: readonly string[], key: CryptoKey): Contender {
  const encoder = new TextEncoder();
  const parts = new Map(
    tokens.map((token) => {
      const dot = token.lastIndexOf('.');
      const signature = new Uint8Array(Buffer.from(token.slice(dot + 1), 'base64url'));
      return [token, { data: encoder.encode(token.slice(0, dot)), signature }];
    }),
  );
  const algorithm = { ...key.algorithm, hash: 'SHA-256' };
  return {
    name: 'bare crypto.subtle.verify',
    run: (token) => {
      const part = parts.get(token);
      return part && crypto.subtle.verify(algorithm, key, part.signature, part.data);
    },
  };
}

function inPromises(alg: PeerAlgorithm, key: CryptoKey): readonly Contender[] {
  return [
    {
      name: 'jose.flattenedVerify (signature alone)',
      run: (token) => {
        const [header = '', payload = '', signature = ''] = token.split('.');
        return flattenedVerify({ protected: header, payload, signature }, key);
      },
    },
    {
      name: 'jose.jwtVerify',
      run: (token) =>
        jwtVerify(token, key, {
          issuer,
          audience,
          algorithms: [alg],
          typ: 'at+jwt',
          requiredClaims: ['exp', 'iat', 'sub', 'jti'],
        }),
    },
    {
      name: 'hono/jwt',
      run: (token) => verifyHono(token, key, { alg, iss: issuer, aud: audience, typ: 'at+jwt' }),
    },
    {
      name: '@tsndr/cloudflare-worker-jwt',
      run: (token) => verifyTsndr(token, key, { algorithm: alg, throwError: true }),
    },
  ];
}

function inOneGo(alg: PeerAlgorithm, pem: string, publicJwk: object): readonly Contender[] {
  const fast = createFastVerifier({ key: pem, allowedIss: issuer, allowedAud: audience });
  const aws = JwtVerifier.create({ issuer, audience, jwksUri: 'https://keys.invalid/jwks.json' });
  aws.cacheJwks({ keys: [{ ...publicJwk, kty: alg === 'ES256' ? 'EC' : 'RSA' }] });
  return [
    { name: 'aws-jwt-verify (node:crypto)', run: (token) => aws.verifySync(token) },
    { name: 'fast-jwt (node:crypto)', run: (token): unknown => fast(token) },
    {
      name: 'jsonwebtoken (node:crypto)',
      run: (token) => jsonwebtoken.verify(token, pem, { issuer, audience, algorithms: [alg] }),
    },
  ];
}

function ours(alg: PeerAlgorithm, keys: KeySource, cache: number | false): Contender {
  const remember = cache === false ? cache : { maxEntries: cache };
  const verifier = createVerifier({ keys, algorithms: [alg], cache: remember });
  return {
    name: 'swarmgate verifyAgentToken',
    run: (token) => verifier.verifyAgentToken(token),
  };
}

/** Makes tokens of an algorithm, and lines up who verifies them. */
export async function lineUp(alg: PeerAlgorithm, count: number): Promise<Field> {
  const key = await generateSigningKey(alg);
  const tokens = await issueTokens(key, count);
  const cryptoKey = await importJWK(key.publicJwk, alg);
  if (!(cryptoKey instanceof CryptoKey))
    throw new Error('The key of the benchmark is no CryptoKey');
  const object: KeyObject = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' });
  const pem = object.export({ type: 'spki', format: 'pem' }).toString();
  const keys = await localKeys(key.publicJwk);
  const rules = { key: pem, allowedIss: issuer, allowedAud: audience };
  const fastCached = createFastVerifier({ ...rules, cache: count });
  return {
    tokens,
    asynchronous: [
      bareSignature(tokens, cryptoKey),
      ours(alg, keys, false),
      ...inPromises(alg, cryptoKey),
    ],
    synchronous: inOneGo(alg, pem, key.publicJwk),
    again: [
      { name: 'fast-jwt with its cache', run: (token): unknown => fastCached(token) },
      ours(alg, keys, count),
    ],
  };
}

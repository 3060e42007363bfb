// How long verifying takes, first time and again, against a bare signature check and what people would use instead.

import { createPublicKey } from 'node:crypto';
import { JwtVerifier } from 'aws-jwt-verify';
import { createVerifier as createFastVerifier } from 'fast-jwt';
import { verify as verifyHono } from 'hono/jwt';
import { importJWK, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { createIssuer, createVerifier, generateSigningKey, localKeys } from '../src/index.ts';
import {
  inFlight,
  machine,
  oneAtATime,
  printRatios,
  type Contender,
} from './support/interleave.ts';

const issuer = 'yamtam-engine';
const audience = 'swarm-bus';
const quick = process.argv.includes('--quick');
const tokenCount = quick ? 300 : 3000;

const key = await generateSigningKey();
const tokenIssuer = createIssuer({ key });
const tokens: string[] = [];
for (let index = 0; index < tokenCount; index++) {
  tokens.push(
    await tokenIssuer.issueAgentToken({
      sub: `agent-${index % 500}`,
      tier: 'fast',
      scope: ['bus:publish', 'bus:receive'],
      sid: crypto.randomUUID(),
    }),
  );
}

const publicKey = await importJWK(key.publicJwk, 'ES256');
if (!(publicKey instanceof CryptoKey)) throw new Error('The key of the benchmark is no CryptoKey');
const pem = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' })
  .export({ type: 'spki', format: 'pem' })
  .toString();

const encoder = new TextEncoder();
const signed = new Map(
  tokens.map((token) => {
    const dot = token.lastIndexOf('.');
    const signature = new Uint8Array(Buffer.from(token.slice(dot + 1), 'base64url'));
    return [token, { data: encoder.encode(token.slice(0, dot)), signature }];
  }),
);
const ecdsa = { name: 'ECDSA', hash: 'SHA-256' };
const bare: Contender = {
  name: 'bare crypto.subtle.verify',
  run: (token) => {
    const parts = signed.get(token);
    return parts && crypto.subtle.verify(ecdsa, publicKey, parts.signature, parts.data);
  },
};

const keys = await localKeys(key.publicJwk);
const uncached = createVerifier({ keys, cache: false });
const cached = createVerifier({ keys, cache: { maxEntries: tokenCount } });
const fast = createFastVerifier({ key: pem, allowedIss: issuer, allowedAud: audience });
const fastCached = createFastVerifier({
  key: pem,
  allowedIss: issuer,
  allowedAud: audience,
  cache: tokenCount,
});
const aws = JwtVerifier.create({ issuer, audience, jwksUri: 'https://keys.invalid/jwks.json' });
aws.cacheJwks({ keys: [{ ...key.publicJwk }] });

const ours: Contender = {
  name: 'swarmgate verifyAgentToken',
  run: (token) => uncached.verifyAgentToken(token),
};
const jose: Contender = {
  name: 'jose.jwtVerify',
  run: (token) =>
    jwtVerify(token, publicKey, {
      issuer,
      audience,
      algorithms: ['ES256'],
      typ: 'at+jwt',
      requiredClaims: ['exp', 'iat', 'sub', 'jti'],
    }),
};
const asynchronous: readonly Contender[] = [
  bare,
  ours,
  jose,
  {
    name: 'hono/jwt',
    run: (token) =>
      verifyHono(token, publicKey, { alg: 'ES256', iss: issuer, aud: audience, typ: 'at+jwt' }),
  },
];
const synchronous: readonly Contender[] = [
  { name: 'aws-jwt-verify (node:crypto)', run: (token) => aws.verifySync(token) },
  { name: 'fast-jwt (node:crypto)', run: (token): unknown => fast(token) },
  {
    name: 'jsonwebtoken (node:crypto)',
    run: (token) => jsonwebtoken.verify(token, pem, { issuer, audience, algorithms: ['ES256'] }),
  },
];

process.stdout.write(`${machine()}; ES256, ${tokenCount} distinct tokens\n`);
const all = [...asynchronous, ...synchronous];
await oneAtATime(all, tokens.slice(0, 200));
printRatios('First time, one at a time', await oneAtATime(all, tokens));
const width = { width: 64, batch: quick ? 256 : 1024, rounds: quick ? 8 : 24 };
printRatios('First time, 64 in flight', await inFlight(asynchronous, tokens, width));

const again: readonly Contender[] = [
  { name: 'fast-jwt with its cache', run: (token): unknown => fastCached(token) },
  { name: 'swarmgate verifyAgentToken', run: (token) => cached.verifyAgentToken(token) },
];
const seen = { width: 1, batch: tokenCount, rounds: quick ? 10 : 60 };
await inFlight(again, tokens, { ...seen, rounds: 4 });
printRatios('Again, same tokens', await inFlight(again, tokens, seen));

// A Worker that verifies: each request names who verifies, how many tokens, and how many at once.

import { verify as verifyTsndr } from '@tsndr/cloudflare-worker-jwt';
import { verify as verifyHono } from 'hono/jwt';
import { flattenedVerify, importJWK, jwtVerify } from 'jose';
import { createIssuer, createVerifier, generateSigningKey, localKeys } from '../../src/index.ts';

type Algorithm = 'ES256' | 'RS256';
type Verify = (token: string) => Promise<unknown>;

interface Field {
  readonly tokens: readonly string[];
  readonly by: Readonly<Record<string, Verify>>;
}

const issuer = 'yamtam-engine';
const audience = 'swarm-bus';
const tokenCount = 500;

function bareVerify(tokens: readonly string[], key: CryptoKey): Verify {
  const encoder = new TextEncoder();
  const parts = new Map(
    tokens.map((token) => {
      const dot = token.lastIndexOf('.');
      const text = atob(
        token
          .slice(dot + 1)
          .replaceAll('-', '+')
          .replaceAll('_', '/'),
      );
      const signature = Uint8Array.from(text, (character) => character.charCodeAt(0));
      return [token, { data: encoder.encode(token.slice(0, dot)), signature }];
    }),
  );
  const algorithm = { ...key.algorithm, hash: 'SHA-256' };
  return async (token) => {
    const part = parts.get(token);
    return part && crypto.subtle.verify(algorithm, key, part.signature, part.data);
  };
}

async function lineUp(alg: Algorithm): Promise<Field> {
  const key = await generateSigningKey(alg);
  const tokenIssuer = createIssuer({ key });
  const tokens: string[] = [];
  for (let index = 0; index < tokenCount; index++) {
    const request = { sub: `agent-${index}`, tier: 'fast', sid: crypto.randomUUID() };
    const scope = ['bus:publish', 'bus:receive'];
    tokens.push(await tokenIssuer.issueAgentToken({ ...request, scope }));
  }
  const cryptoKey = await importJWK(key.publicJwk, alg);
  if (!(cryptoKey instanceof CryptoKey))
    throw new Error('The key of the benchmark is no CryptoKey');
  const keys = await localKeys(key.publicJwk);
  const algorithms = [alg];
  const uncached = createVerifier({ keys, algorithms, cache: false });
  const cached = createVerifier({ keys, algorithms });
  const rules = { issuer, audience, algorithms, typ: 'at+jwt' };
  const requiredClaims = ['exp', 'iat', 'sub', 'jti'];
  return {
    tokens,
    by: {
      bare: bareVerify(tokens, cryptoKey),
      swarmgate: (token) => uncached.verifyAgentToken(token),
      again: (token) => cached.verifyAgentToken(token),
      flattened: (token) => {
        const [header = '', payload = '', signature = ''] = token.split('.');
        return flattenedVerify({ protected: header, payload, signature }, cryptoKey);
      },
      jose: (token) => jwtVerify(token, cryptoKey, { ...rules, requiredClaims }),
      hono: (token) =>
        verifyHono(token, cryptoKey, { alg, iss: issuer, aud: audience, typ: 'at+jwt' }),
      tsndr: (token) => verifyTsndr(token, cryptoKey, { algorithm: alg, throwError: true }),
    },
  };
}

const fields = new Map<Algorithm, Field>();

/** The Worker's one handler. */
export async function answer(request: Request): Promise<Response> {
  const asked = new URL(request.url).searchParams;
  const alg = asked.get('alg') === 'RS256' ? 'RS256' : 'ES256';
  const field = fields.get(alg) ?? (await lineUp(alg));
  fields.set(alg, field);
  const verify = field.by[asked.get('by') ?? ''];
  if (verify === undefined) return new Response(undefined, { status: 404 });
  const count = Number(asked.get('count'));
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await verify(field.tokens[next++ % tokenCount] ?? '');
  };
  await Promise.all(Array.from({ length: Number(asked.get('width')) }, lane));
  return new Response('done');
}

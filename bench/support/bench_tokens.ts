// Tokens by the thousand, as an authority elsewhere would issue them: unbound, one for each agent.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
} from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, type JWK } from 'jose';

export const tokenIssuer = 'https://issuer.example';

/** Tokens in a file, one on each line, and the key that they verify with. */
export interface BenchTokens {
  readonly file: string;
  /** The first few. */
  readonly some: readonly string[];
  readonly publicJwk: JWK;
  readonly publicPem: string;
  readonly remove: () => void;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Makes tokens that live for an hour. node:crypto signs at once, where WebCrypto would take a turn for each. */
export async function makeTokens(count: number): Promise<BenchTokens> {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const publicJwk = createPublicKey(pair.publicKey).export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(publicJwk);
  const key = createPrivateKey(pair.privateKey);
  const header = encode({ alg: 'ES256', typ: 'at+jwt', kid });
  const iat = Math.floor(Date.now() / 1000);
  const lines = Array.from({ length: count }, (_, index) => {
    const sub = `agent-${index}`;
    const claims = {
      iss: tokenIssuer,
      aud: 'swarm-bus',
      sub,
      client_id: sub,
      iat,
      exp: iat + 3600,
      jti: randomUUID(),
      sid: randomUUID(),
      tier: 'fast',
      scope: 'bus:publish bus:receive',
    };
    const signed = `${header}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  });
  const folder = mkdtempSync(join(tmpdir(), 'swarmgate-bench-'));
  const file = join(folder, 'tokens');
  writeFileSync(file, lines.join('\n'), { mode: 0o600 });
  return {
    file,
    some: lines.slice(0, 10),
    publicJwk: { ...publicJwk, kid, alg: 'ES256', use: 'sig' },
    publicPem: pair.publicKey,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

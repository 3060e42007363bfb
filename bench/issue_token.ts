// Issuing a token in the library, against the bare signature of as many bytes and what people would use instead.

import { SignJWT } from 'jose';
import {
  createIssuer,
  generateSigningKey,
  type Issuer,
  type SigningAlgorithm,
} from '../src/index.ts';
import { inFlight, machine, printRatios, type Contender } from './support/interleave.ts';

const quick = process.argv.includes('--quick');
const batch = quick ? 100 : 300;
const rounds = quick ? 6 : 40;
const data = crypto.getRandomValues(new Uint8Array(450));

function issuing(issuer: Issuer): Contender {
  const request = { sub: 'planner', tier: 'fast', scope: ['bus:publish', 'bus:receive'] };
  return {
    name: 'swarmgate issueAgentToken',
    run: (sid) => issuer.issueAgentToken({ ...request, sid }),
  };
}

async function lineUp(alg: SigningAlgorithm): Promise<readonly Contender[]> {
  const key = await generateSigningKey(alg);
  const algorithm = { ...key.privateKey.algorithm, hash: 'SHA-256' };
  return [
    {
      name: 'bare crypto.subtle.sign',
      run: () => crypto.subtle.sign(algorithm, key.privateKey, data),
    },
    issuing(createIssuer({ key })),
    {
      name: 'jose.SignJWT',
      run: (sid) =>
        new SignJWT({ sid, tier: 'fast', scope: 'bus:publish bus:receive', client_id: 'planner' })
          .setProtectedHeader({ alg, typ: 'at+jwt', kid: key.kid })
          .setSubject('planner')
          .setIssuer('yamtam-engine')
          .setAudience('swarm-bus')
          .setJti(crypto.randomUUID())
          .setIssuedAt()
          .setExpirationTime('15m')
          .sign(key.privateKey),
    },
  ];
}

process.stdout.write(`${machine()}\n`);
const sessions = Array.from({ length: batch }, () => crypto.randomUUID());
for (const alg of ['ES256', 'RS256'] as const) {
  const contenders = await lineUp(alg);
  const few = alg === 'RS256' ? 4 : 1;
  for (const width of [1, 64]) {
    const size = { width, batch: Math.ceil(batch / few), rounds };
    await inFlight(contenders, sessions, { ...size, rounds: quick ? 4 : 12 });
    const readings = await inFlight(contenders, sessions, size);
    printRatios(`${alg}, issue a token, ${width} in flight`, readings);
  }
}

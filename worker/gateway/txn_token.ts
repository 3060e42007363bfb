// Transaction tokens: what a trusted service can check of who calls, for the one call that it is for.

import { CompactSign } from 'jose';
import type { SigningKey } from '../../src/issue/index.ts';
import type { AuthorizedCall } from '../../src/verify/index.ts';
import type { Config } from '../env.ts';
import { publicDocument } from '../public_document.ts';
import type { Route } from '../route.ts';
import type { TxnKeys } from './txn_keys.ts';

/** Signs a token for a call that was authorized. */
export type SignTxn = (call: AuthorizedCall) => Promise<string>;

/** How long one counts, in seconds: as long as a call takes. */
const lifetime = 60;
/** How long others may keep the keys, in seconds. */
const maxAge = 300;
const encoder = new TextEncoder();

async function sign(key: SigningKey, claims: object): Promise<string> {
  return new CompactSign(encoder.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.alg, typ: 'txntoken+jwt', kid: key.kid })
    .sign(key.privateKey);
}

/**
 * Makes the signing. The token has no `iss`: its trust domain is its issuer. Its scope is what the
 * route required, whatever else the agent may do.
 */
export function createTxnSigner(
  { publicUrl, trustDomain }: Pick<Config, 'publicUrl' | 'trustDomain'>,
  keys: TxnKeys,
  now: () => number,
): SignTxn {
  return async ({ agent, required }) => {
    const key = await keys.signer();
    const iat = Math.floor(now() / 1000);
    return sign(key, {
      aud: trustDomain,
      iat,
      exp: iat + lifetime,
      txn: crypto.randomUUID(),
      sub: agent.subjectId,
      scope: required.join(' '),
      req_wl: publicUrl,
    });
  };
}

/** The rows of the keys that services check with. */
export function txnRoutes(keys: TxnKeys): readonly Route[] {
  return [
    {
      path: '/.well-known/txn-jwks.json',
      cors: 'any',
      methods: {
        GET: {
          open: async (request) =>
            publicDocument(request, { keys: await keys.published() }, maxAge),
        },
      },
    },
  ];
}

// The swarm of the soak: many agents with a token each, some that enrolled and renew, and their operator

import { randomBytes, randomUUID } from 'node:crypto';
import {
  createAuthenticatedFetch,
  createTokenSource,
  type TokenSource,
} from '../src/client/index.ts';
import { createIssuer, generateSigningKey, type SigningKey } from '../src/issue/index.ts';

type Fetch = ReturnType<typeof createAuthenticatedFetch>;

/** An agent of an issuer elsewhere, with one bearer token. */
export interface Member {
  readonly id: string;
  readonly token: string;
  readonly jti: string;
}

/** An agent of the gateway's own authority: its tokens are bound, short and renewed. */
export interface Enrolled {
  readonly id: string;
  readonly source: TokenSource;
  readonly fetch: Fetch;
}

/** Everything that the load is made with. */
export interface SoakSwarm {
  readonly members: readonly Member[];
  readonly enrolled: readonly Enrolled[];
  /** Makes a fresh token for an agent of the issuer elsewhere. */
  mint(id: string): Promise<Member>;
  revoke(member: Member): Promise<Response>;
}

/** The keys that the gateway's variables name. */
export interface SoakKeys {
  readonly operator: SigningKey;
  readonly issuer: SigningKey;
  readonly sealing: string;
}

const issuer = 'https://issuer.example';

export async function makeSoakKeys(): Promise<SoakKeys> {
  const [operator, foreign] = await Promise.all([generateSigningKey(), generateSigningKey()]);
  return { operator, issuer: foreign, sealing: randomBytes(32).toString('base64url') };
}

/** The variables of a gateway that is an authority, and trusts the issuer elsewhere too. */
export function soakVariables(
  url: string,
  keys: SoakKeys,
  tokenSeconds: number,
): Readonly<Record<string, string>> {
  const trusted = [{ issuer, jwks: { keys: [keys.issuer.publicJwk] } }];
  return {
    ISSUER: url,
    KEY_ENCRYPTION_KEY: keys.sealing,
    OPERATOR_JWK: JSON.stringify(keys.operator.publicJwk),
    TRUSTED_ISSUERS: JSON.stringify(trusted),
    TOKEN_SECONDS: String(tokenSeconds),
    // The load is the limit here, not the quota
    RATE_LIMITS: 'fast=1000000,power=1000000',
  };
}

/** Makes the swarm: `size` agents with a token each, and some that the operator registers. */
export async function makeSoakSwarm(
  url: string,
  keys: SoakKeys,
  { size, enrolled }: { readonly size: number; readonly enrolled: number },
): Promise<SoakSwarm> {
  const issue = createIssuer({ key: keys.issuer, issuer, lifetime: 3600 });
  const operator = createAuthenticatedFetch({
    source: createTokenSource({
      issuer: url,
      clientId: 'operator',
      key: keys.operator,
      timeout: patience,
    }),
    origins: [url],
  });
  const post = (path: string, body: object): Promise<Response> =>
    operator(url + path, { method: 'POST', body: JSON.stringify(body), signal: deadline() });

  async function mint(id: string): Promise<Member> {
    const token = await issue.issueAgentToken({
      sub: id,
      tier: 'fast',
      scope: ['bus:publish', 'bus:receive'],
      sid: randomUUID(),
    });
    const [, claims = ''] = token.split('.');
    const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { jti: string };
    return { id, token, jti };
  }

  async function enrol(id: string): Promise<Enrolled> {
    const key = await generateSigningKey();
    const { kid: _kid, use: _use, alg: _alg, ...jwk } = key.publicJwk;
    const policy = { id, tier: 'fast', scope: ['bus:publish', 'bus:receive'], dpop: 'required' };
    const answer = await post('/admin/agents', { ...policy, jwk });
    if (answer.status !== 201) throw new Error(`Registering ${id} was answered ${answer.status}`);
    await answer.body?.cancel();
    const source = createTokenSource({ issuer: url, clientId: id, key, timeout: patience });
    return { id, source, fetch: createAuthenticatedFetch({ source, origins: [url] }) };
  }

  const members: Member[] = [];
  for (let at = 0; at < size; at++) members.push(await mint(`member-${at}`));
  const agents: Enrolled[] = [];
  for (let at = 0; at < enrolled; at++) agents.push(await enrol(`enrolled-${at}`));
  return {
    members,
    enrolled: agents,
    mint,
    revoke: ({ jti }) => post('/admin/revocations', { kind: 'token', value: jti, issuer }),
  };
}

/** What every call of the soak may take, in seconds: for hangs only, a busy machine takes its time. */
export const patience = 60;

/** Ends a call that takes longer. */
export function deadline(): AbortSignal {
  return AbortSignal.timeout(patience * 1000);
}

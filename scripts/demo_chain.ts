// One agent of the delegation demonstration: a token, the hops below it, and calls with both over HTTP

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { CompactSign } from 'jose';
import { createDpopProof, delegateAgentToken, type SigningKey } from '../src/index.ts';

/** What an agent holds: a root token, the hops that lead to it, and the key that the last of them names. */
export interface Held {
  readonly id: string;
  readonly key: SigningKey;
  readonly token: string;
  readonly hops: readonly string[];
}

/** What the gateway answered. */
export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What an agent hands on. */
export interface Handed {
  readonly to: string;
  readonly key: SigningKey;
  readonly scope: string;
  readonly tier?: string;
}

/** A message as it arrived. */
export interface Arrived {
  readonly sender: string;
  readonly via: readonly string[];
  readonly message: { readonly id: string; readonly payload: Readonly<Record<string, unknown>> };
}

const patience = 20_000;
export const subject = 'demonstration';

/** The status, and the code of a refusal. */
export const said = ({ status, body }: Reply): string =>
  typeof body['code'] === 'string' ? `${status} ${body['code']}` : String(status);

/** Hands on, off line: the authority is not asked. */
export async function handOn(from: Held, { to, key, scope, tier }: Handed): Promise<Held> {
  const { token, hops, key: own } = from;
  const hop = await delegateAgentToken({
    token,
    ...(hops.length === 0 ? {} : { delegation: hops.join(',') }),
    key: own,
    to,
    cnf: { jkt: key.kid },
    scope,
    ...(tier === undefined ? {} : { tier }),
    lifetime: 600,
  });
  return { id: to, key, token, hops: [...hops, hop] };
}

/** Signs a hop by hand, as somebody would who means to hand on more than there is. */
export async function forge(from: Held, { to, key, scope }: Handed): Promise<Held> {
  const { token, hops, key: own } = from;
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    prt: createHash('sha256')
      .update(hops.at(-1) ?? token)
      .digest('base64url'),
    sub: to,
    cnf: { jkt: key.kid },
    aud: 'swarm-bus',
    scope,
    iat: now,
    exp: now + 300,
    jti: randomUUID(),
  };
  const { kid: _kid, alg: _alg, use: _use, ...jwk } = own.publicJwk;
  const hop = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: own.alg, typ: 'agent-delegation+jwt', jwk })
    .sign(own.privateKey);
  return { id: to, key, token, hops: [...hops, hop] };
}

/** Calls the gateway with everything that an agent holds, and a fresh proof by its key. */
export async function ask(
  origin: string,
  { token, hops, key }: Held,
  path: string,
  { method = 'GET', body }: { readonly method?: string; readonly body?: string } = {},
): Promise<Reply> {
  const url = `${origin}${path.split('?')[0]}`;
  const response = await fetch(origin + path, {
    method,
    headers: {
      Authorization: `DPoP ${token}`,
      DPoP: await createDpopProof({ key, method, url, token }),
      ...(hops.length === 0 ? {} : { 'Agent-Delegation': hops.join(', ') }),
    },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(patience),
  });
  const json = (await response.json().catch(() => ({}))) as Reply['body'];
  return { status: response.status, body: json };
}

/** Sends a REQUEST in its own name. */
export function send(origin: string, from: Held, to: string, payload: object): Promise<Reply> {
  const text = JSON.stringify(payload);
  // The digest is over the payload's own bytes, so they are written into the message as they are
  const members = {
    id: randomUUID(),
    from: from.id,
    to,
    type: 'REQUEST',
    subject,
    ts: new Date().toISOString(),
    nonce: randomBytes(8).toString('hex'),
    sig: createHash('sha256').update(text).digest('hex'),
  };
  const body = `${JSON.stringify(members).slice(0, -1)},"payload":${text}}`;
  return ask(origin, from, '/bus/messages', { method: 'POST', body });
}

/** Waits for a message to its own mailbox, and acknowledges it. */
export async function receive(origin: string, agent: Held): Promise<Arrived | undefined> {
  const { body } = await ask(origin, agent, '/bus/messages?max=1&wait=10');
  const [arrived] = (body['messages'] ?? []) as readonly Arrived[];
  if (arrived === undefined) return undefined;
  await ask(origin, agent, `/bus/messages/${arrived.message.id}`, { method: 'DELETE' });
  return arrived;
}

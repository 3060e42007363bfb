// A bus in memory behind a real verifier: messages stored once and delivered byte for byte

import {
  createIssuer,
  createVerifier,
  localKeys,
  memoryReplayGuard,
  scanJsonObject,
  TokenError,
  verifyDpopProof,
  type AccessToken,
  type AccessTokenSource,
  type ClientFetch,
  type SigningKey,
  type VerifiedAgent,
} from '../../../src/index.ts';
import { keyOf } from './world.ts';

/** A request as it arrived. */
export interface Arrived {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
  readonly signal: AbortSignal | null;
}

/** What happens to a request instead of, or besides, being served. */
export type Mishap = (
  arrived: Arrived,
  serve: () => Promise<Response>,
) => Response | Promise<Response>;

interface Stored {
  readonly sender: string;
  readonly text: string;
  leased: boolean;
}

/** The bus, and everything that a case asks or sets of it. */
export interface FakeBus {
  readonly url: string;
  readonly fetch: ClientFetch;
  readonly arrived: readonly Arrived[];
  /** What lies in a mailbox, leased or not. */
  readonly mailbox: (agent: string) => readonly string[];
  /** Ends all leases. */
  readonly endLeases: () => void;
  /** Puts a text into a mailbox without a look at it. */
  readonly put: (agent: string, sender: string, text: string) => void;
  /** What happens to the next requests, in turn; `undefined`: nothing. */
  readonly mishaps: (Mishap | undefined)[];
  /** A source of one token, bound or not, for an agent. */
  readonly sourceOf: (agent: string, bound?: boolean) => Promise<AccessTokenSource>;
  /** Wants this nonce in proofs from now on. */
  readonly demandNonce: (nonce: string) => void;
}

export const busUrl = 'https://gate.example';

/** Makes a bus whose tokens all come from one issuer. */
export async function fakeBus(clock: () => number): Promise<FakeBus> {
  const key = await keyOf('ES256', 'authority');
  const verifier = createVerifier({ keys: await localKeys(key.publicJwk), clock });
  const issuer = createIssuer({ key, clock });
  const replay = memoryReplayGuard({ clock });
  const boxes = new Map<string, Stored[]>();
  const nonces = new Map<string, string>();
  const arrived: Arrived[] = [];
  const mishaps: (Mishap | undefined)[] = [];
  const wakers = new Set<() => void>();
  let nonce: string | undefined;

  const boxOf = (agent: string): Stored[] => {
    const box = boxes.get(agent) ?? [];
    boxes.set(agent, box);
    return box;
  };

  function put(agent: string, sender: string, text: string): void {
    boxOf(agent).push({ sender, text, leased: false });
    for (const wake of wakers) wake();
  }

  function send(sender: string, text: string): Response {
    const { id, to, nonce: used } = scanJsonObject(text).value;
    const known = nonces.get(`${sender} ${String(used)}`);
    if (known !== undefined && known !== text) throw new TokenError('message_replayed');
    nonces.set(`${sender} ${String(used)}`, text);
    if (known === undefined) put(String(to), sender, text);
    return Response.json({ id }, { status: 202 });
  }

  async function receive(agent: string, { url, signal }: Arrived): Promise<Response> {
    const max = Number(url.searchParams.get('max'));
    const free = (): Stored[] => boxOf(agent).filter(({ leased }) => !leased);
    // Each message wakes all who wait, whosever it is
    while (Number(url.searchParams.get('wait')) > 0 && free().length === 0) {
      await new Promise<void>((resolve, reject) => {
        wakers.add(resolve);
        signal?.addEventListener('abort', () => reject(new TypeError('Aborted')));
      });
    }
    const leased = free().slice(0, max);
    for (const each of leased) each.leased = true;
    const texts = leased.map(
      ({ sender, text }) =>
        `{"lease_until":${clock() + 30},"sender":"${sender}","via":[],"message":${text}}`,
    );
    return new Response(`{"messages":[${texts.join(',')}]}`);
  }

  function acknowledge(agent: string, { url }: Arrived): Response {
    const id = url.pathname.split('/').at(-1);
    const sender = url.searchParams.get('sender');
    const left = boxOf(agent).filter(
      (each) =>
        !each.leased ||
        scanJsonObject(each.text).value['id'] !== id ||
        (sender !== null && sender !== each.sender),
    );
    boxes.set(agent, left);
    return new Response(null, { status: 204 });
  }

  async function verify({ method, url, headers }: Arrived): Promise<VerifiedAgent> {
    const [scheme, token = ''] = (headers.get('authorization') ?? '').split(' ');
    const proof = headers.get('dpop');
    if (proof === null) return verifier.verifyAgentToken(token);
    const isNonce = (value: string): boolean => value === nonce;
    const wanted = nonce === undefined ? {} : { isNonce };
    await verifyDpopProof(proof, { method, url, token, replay, clock, ...wanted });
    const agent = await verifier.verifyAgentToken(token, { proof, method, url: url.href });
    if ((scheme === 'DPoP') !== (agent.jkt !== undefined)) throw new TokenError('proof_invalid');
    return agent;
  }

  async function serve(request: Arrived): Promise<Response> {
    try {
      const { agentId } = await verify(request);
      const { method, url, body } = request;
      if (url.pathname === '/whoami') return Response.json({ agent: agentId });
      if (method === 'POST') return send(agentId, body);
      return await (method === 'GET' ? receive(agentId, request) : acknowledge(agentId, request));
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      const headers = new Headers(nonce === undefined ? {} : { 'dpop-nonce': nonce });
      if (error.status === 401) {
        const isNonce = error.code === 'proof_nonce_required';
        const oauth = isNonce ? 'use_dpop_nonce' : 'invalid_token';
        headers.set('www-authenticate', `DPoP error="${oauth}", error_description="Refused"`);
      }
      return Response.json({ code: error.code }, { status: error.status, headers });
    }
  }

  return {
    url: busUrl,
    arrived,
    mishaps,
    put,
    mailbox: (agent) => boxOf(agent).map(({ text }) => text),
    endLeases: () => {
      for (const box of boxes.values()) for (const each of box) each.leased = false;
    },
    demandNonce: (next) => {
      nonce = next;
    },
    fetch: async (input, init = {}) => {
      const { signal = null } = init;
      const request = new Request(input, { ...init, signal: null });
      const { method, headers } = request;
      if (request.redirect !== 'manual') throw new Error('A redirect would be followed');
      const url = new URL(request.url);
      const each = {
        method,
        url,
        headers,
        signal,
        body: new TextDecoder().decode(await request.arrayBuffer()),
      };
      arrived.push(each);
      const mishap = mishaps.shift();
      return mishap === undefined ? serve(each) : mishap(each, () => serve(each));
    },
    sourceOf: async (agent, bound = true) => {
      const own: SigningKey = await keyOf('ES256', agent);
      const cnf = bound ? { cnf: { jkt: own.kid } } : {};
      const scope = ['bus:publish', 'bus:receive'];
      const token = await issuer.issueAgentToken({ sub: agent, tier: 'fast', scope, ...cnf });
      const expiresAt = clock() + 900;
      const access: AccessToken = bound
        ? { token, scheme: 'DPoP', key: own, expiresAt }
        : { token, scheme: 'Bearer', expiresAt };
      return { token: async () => access };
    },
  };
}

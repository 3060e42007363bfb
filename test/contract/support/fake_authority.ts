// An authority in memory that really verifies assertions and proofs, with a clock by hand

import { importJWK, jwtVerify } from 'jose';
import {
  createIssuer,
  memoryReplayGuard,
  verifyDpopProof,
  type ClientFetch,
  type SigningKey,
  type TokenSourceOptions,
} from '../../../src/index.ts';
import { keyOf, movableClock, now as start } from './world.ts';

/** A form that the authority was sent. */
export interface Sent {
  readonly path: string;
  readonly form: URLSearchParams;
  readonly proof: string | null;
  readonly signal: AbortSignal | null;
}

/** An answer of one's own; `undefined` leaves it to the authority. */
export type Override = (sent: Sent) => Response | undefined | Promise<Response | undefined>;

/** The authority, and everything that a case asks or sets of it. */
export interface FakeAuthority {
  readonly issuer: string;
  readonly fetch: ClientFetch;
  readonly agentKey: SigningKey;
  /** The key that tokens are signed with. */
  readonly key: SigningKey;
  readonly sent: readonly Sent[];
  /** How many requests a path got. */
  readonly calls: (path: string) => number;
  readonly revoked: ReadonlySet<string>;
  readonly clock: () => number;
  readonly pass: (seconds: number) => void;
  /** Answers in the authority's place from now on. */
  readonly override: (answer: Override | undefined) => void;
  /** Wants this nonce in proofs from now on. */
  readonly demandNonce: (nonce: string | undefined) => void;
  /** What a token source of the registered agent needs. */
  readonly options: TokenSourceOptions;
}

export const issuerUrl = 'https://gate.example';

const refusal = (error: string, status = 400, headers: HeadersInit = {}): Response =>
  Response.json({ error, error_description: 'Refused' }, { status, headers });

/** Makes an authority at which one agent, `planner`, is registered. */
export async function fakeAuthority(lifetime = 900): Promise<FakeAuthority> {
  const key = await keyOf('ES256', 'authority');
  const agentKey = await keyOf('ES256', 'planner');
  const verificationKey = await importJWK({ ...agentKey.publicJwk });
  const { read: clock, set } = movableClock(start);
  const proofs = memoryReplayGuard({ clock });
  const assertions = new Set<string>();
  const sent: Sent[] = [];
  const revoked = new Set<string>();
  const tokens = createIssuer({ key, issuer: issuerUrl, lifetime, clock });
  let override: Override | undefined;
  let nonce: string | undefined;

  /** Whether the client is who it says: RFC 7523bis, to the letter. */
  async function isClient(form: URLSearchParams): Promise<boolean> {
    try {
      const { payload } = await jwtVerify(form.get('client_assertion') ?? '', verificationKey, {
        algorithms: ['ES256'],
        typ: 'client-authentication+jwt',
        issuer: 'planner',
        subject: 'planner',
        requiredClaims: ['aud', 'exp', 'iat', 'jti'],
        currentDate: new Date(clock() * 1000),
      });
      const { jti = '', exp = 0, aud } = payload;
      const isGood = aud === issuerUrl && exp <= clock() + 60 && !assertions.has(jti);
      assertions.add(jti);
      const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
      const isWhole = form.get('client_assertion_type') === type;
      return isGood && isWhole && form.get('client_id') === 'planner';
    } catch {
      return false;
    }
  }

  async function issue(form: URLSearchParams, proof: string | null): Promise<Response> {
    if (form.get('grant_type') !== 'client_credentials') return refusal('unsupported_grant_type');
    let jkt: string | undefined;
    if (proof !== null) {
      try {
        const expected = { method: 'POST', url: `${issuerUrl}/token`, replay: proofs, clock };
        const isNonce = (value: string): boolean => value === nonce;
        const checked = nonce === undefined ? expected : { ...expected, isNonce };
        ({ jkt } = await verifyDpopProof(proof, checked));
      } catch (error) {
        const isNonce = error instanceof Error && String(error).includes('nonce');
        return isNonce
          ? refusal('use_dpop_nonce', 400, { 'dpop-nonce': nonce ?? '' })
          : refusal('invalid_dpop_proof');
      }
    }
    const scope = form.get('scope') ?? 'bus:publish bus:receive';
    const cnf = jkt === undefined ? {} : { cnf: { jkt } };
    const token = await tokens.issueAgentToken({ sub: 'planner', tier: 'fast', scope, ...cnf });
    const token_type = jkt === undefined ? 'Bearer' : 'DPoP';
    return Response.json({ access_token: token, token_type, expires_in: lifetime, scope });
  }

  function metadata(): Response {
    return Response.json({
      issuer: issuerUrl,
      token_endpoint: `${issuerUrl}/token`,
      revocation_endpoint: `${issuerUrl}/revoke`,
    });
  }

  async function answer(path: string, form: URLSearchParams, proof: string | null) {
    if (path === '/.well-known/oauth-authorization-server') return metadata();
    if (!(await isClient(form))) return refusal('invalid_client', 401);
    if (path === '/token') return issue(form, proof);
    if (path !== '/revoke') return refusal('not_found', 404);
    revoked.add(form.get('token') ?? '');
    return new Response(null, { status: 200 });
  }

  const fetchAnswer: ClientFetch = async (input, init = {}) => {
    if (init.redirect !== 'manual') throw new Error('A redirect would be followed');
    const request = new Request(input, { ...init, signal: null });
    const { origin, pathname: path } = new URL(request.url);
    if (origin !== issuerUrl) throw new TypeError('No such host');
    const form = new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer()));
    const each = { path, form, proof: request.headers.get('dpop'), signal: init.signal ?? null };
    sent.push(each);
    return (await override?.(each)) ?? answer(path, form, each.proof);
  };

  return {
    issuer: issuerUrl,
    fetch: fetchAnswer,
    agentKey,
    key,
    sent,
    calls: (path) => sent.filter((each) => each.path === path).length,
    revoked,
    clock,
    pass: (seconds) => set(clock() + seconds),
    override: (next) => {
      override = next;
    },
    demandNonce: (next) => {
      nonce = next;
    },
    options: {
      issuer: issuerUrl,
      clientId: 'planner',
      key: agentKey,
      fetch: fetchAnswer,
      clock,
      random: () => 0,
    },
  };
}

/** Something that a case lets go on when it says so. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

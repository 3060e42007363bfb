// The upgrade to a bus socket: its form, and the credential in headers or, for pages, in subprotocols.

import { TokenError } from '../../src/verify/index.ts';
import type { Config } from '../env.ts';
import { admit, type Credential } from './admit.ts';
import { reject } from './reject.ts';

/** The one subprotocol that is ever selected: the others carry the token. */
export const socketProtocol = 'swarmbus.v1';

/** A credential, and what an accepted upgrade selects. */
export interface SocketCredential extends Credential {
  readonly protocol: typeof socketProtocol | undefined;
}

// RFC 6455 section 4.1: 16 bytes in base64
const keyPattern = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
const carried = /^(bearer|dpop|proof|delegation)\.([A-Za-z0-9._~-]+)$/;

/** What is wrong with an upgrade, if anything (RFC 6455 section 4.2.1). */
function upgradeFault({ method, headers }: Request): 400 | 426 | undefined {
  const upgrade = headers.get('upgrade');
  // Of several values a proxy might take another one
  if (upgrade !== null && upgrade.trim().toLowerCase() !== 'websocket') return 400;
  if (upgrade === null || headers.get('sec-websocket-version') !== '13') return 426;
  const isWhole = method === 'GET' && keyPattern.test(headers.get('sec-websocket-key') ?? '');
  return isWhole ? undefined : 400;
}

/** What is no page names no origin. Sockets know no CORS: this is where pages are told apart. */
function isOriginAllowed(headers: Headers, { publicUrl, allowedOrigins }: Config): boolean {
  const origin = headers.get('origin');
  return origin === null || origin === publicUrl || allowedOrigins.has(origin);
}

/** The answer to a request that is no upgrade which this gateway serves; `undefined`: it is one. */
export function refuseUpgrade(request: Request, config: Config): Response | undefined {
  const { publicUrl } = config;
  const fault = upgradeFault(request);
  if (fault === undefined) {
    const isAllowed = isOriginAllowed(request.headers, config);
    return isAllowed ? undefined : reject('sender_mismatch', { publicUrl });
  }
  const refusal = reject('message_malformed', { publicUrl });
  if (fault === 400) return refusal;
  // RFC 9110 section 15.5.22
  const headers = new Headers(refusal.headers);
  headers.set('Upgrade', 'websocket');
  headers.set('Sec-WebSocket-Version', '13');
  return new Response(refusal.body, { status: fault, headers });
}

function only(values: readonly string[], code: 'credential_ambiguous' | 'proof_invalid'): string {
  const [value, ...others] = values;
  if (value === undefined || others.length > 0) throw new TokenError(code);
  return value;
}

/** The credential among the subprotocols that a page offers. */
function admitProtocols(offered: readonly string[], query: URLSearchParams): SocketCredential {
  const parts = { bearer: [], dpop: [], proof: [], delegation: [] } as Record<string, string[]>;
  const protocols: string[] = [];
  for (const name of offered) {
    const [, kind = '', value = ''] = carried.exec(name) ?? [];
    (parts[kind] ?? protocols).push(kind === '' ? name : value);
  }
  const { bearer = [], dpop = [], proof = [], delegation = [] } = parts;
  if (bearer.length + dpop.length === 0) throw new TokenError('token_missing');
  const token = only([...bearer, ...dpop], 'credential_ambiguous');
  if (query.has('access_token')) throw new TokenError('credential_ambiguous');
  // Something that is neither could only be read by somebody else, and answered with our token in it
  if (protocols.length !== 1 || protocols[0] !== socketProtocol) {
    throw new TokenError('token_malformed');
  }
  return {
    scheme: dpop.length > 0 ? 'DPoP' : 'Bearer',
    token,
    // Beside a bearer token a proof counts for nothing, as in headers
    proof: dpop.length === 0 || proof.length === 0 ? undefined : only(proof, 'proof_invalid'),
    delegation: delegation.length === 0 ? undefined : delegation.join(','),
    protocol: socketProtocol,
  };
}

/**
 * Takes the credential of an upgrade.
 *
 * @throws TokenError `token_missing`, `token_malformed`, `credential_ambiguous`, `proof_invalid`
 */
export function admitSocket(headers: Headers, query: URLSearchParams): SocketCredential {
  const names = (headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim());
  const offered = names.filter((name) => name !== '');
  if ((headers.get('authorization') ?? '') === '') {
    const credential = admitProtocols(offered, query);
    // Half of a credential in headers belongs to another one
    const isMixed = headers.has('dpop') || headers.has('agent-delegation');
    if (isMixed) throw new TokenError('credential_ambiguous');
    return credential;
  }
  const protocol = offered.includes(socketProtocol) ? socketProtocol : undefined;
  return { ...admit(headers, query), protocol };
}

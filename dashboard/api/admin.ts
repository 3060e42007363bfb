// The administration's routes as functions. Every answer that is not what was asked for is an ApiError.

import type { AuthenticatedFetch } from '../../src/client/index.ts';
import { noticeEnd, session } from '../session/session.ts';
import type {
  Agent,
  AgentSession,
  AgentSummary,
  RevocationRequest,
  SigningKeyState,
  Stats,
} from './shapes.ts';

/** A refusal, in the gateway's words. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(message: string, code: string, status: number) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
  }
}

function fetcher(): AuthenticatedFetch {
  const current = session.peek();
  if (current.kind !== 'signed_in') throw new ApiError('Not signed in', 'token_missing', 401);
  return current.call;
}

async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetcher()(url, init);
  } catch (error) {
    noticeEnd(error);
    // Engines' own words for a broken connection differ, and name no cause
    if (error instanceof TypeError)
      throw new ApiError('The gateway cannot be reached', 'unreachable', 0);
    throw error;
  }
}

/** Asks a route; the answer's body is still to be read. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await reach(new URL(path, location.origin), init);
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const { error_description: words, code = body['error'] } = body;
  const text = typeof words === 'string' ? words : `The gateway answered ${response.status}`;
  throw new ApiError(text, typeof code === 'string' ? code : 'unknown', response.status);
}

async function read<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await ask(path, init);
  return (response.status === 204 ? {} : await response.json()) as T;
}

const write = <T>(method: string, path: string, body?: object): Promise<T> =>
  read(path, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });

/** Agent ids hold slashes, which a path cannot: the routes take `~` for them. */
const inPath = (id: string): string => encodeURIComponent(id.replaceAll('/', '~'));

/** A page of agents. */
export interface AgentPage {
  readonly agents: readonly AgentSummary[];
  readonly next?: string;
}

/** What the operator can ask and do. */
export const admin = {
  stats: () => read<Stats>('/admin/stats'),
  agents: (q: string, after: string, signal?: AbortSignal) =>
    read<AgentPage>(
      `/admin/agents?${new URLSearchParams({ q, after, limit: '100' }).toString()}`,
      signal === undefined ? {} : { signal },
    ),
  agent: (id: string) => read<Agent>(`/admin/agents/${inPath(id)}`),
  sessions: (id: string) =>
    read<{ sessions: readonly AgentSession[]; next?: string }>(
      `/admin/agents/${inPath(id)}/sessions`,
    ),
  change: (id: string, change: object) =>
    write<Agent>('PATCH', `/admin/agents/${inPath(id)}`, change),
  keys: () => read<{ keys: readonly SigningKeyState[] }>('/admin/keys'),
  rotate: () => write<{ keys: readonly SigningKeyState[] }>('POST', '/admin/keys/rotate'),
  compromise: (kid: string) =>
    write<{ seq: number }>('POST', `/admin/keys/${encodeURIComponent(kid)}/compromise`),
  revoke: (request: RevocationRequest) =>
    write<{ seq: number; recorded_at: number }>('POST', '/admin/revocations', request),
} as const;

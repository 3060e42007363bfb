// What the administration's routes answer, as docs/observability.md and docs/authority.md have it.

/** How long requests waited in one stage, milliseconds. */
export interface Wait {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

/** The stages that are measured. */
export type Stage = 'view' | 'admission' | 'upstream' | 'total';

/** One minute. */
export interface Bucket {
  readonly at: number;
  readonly seconds: number;
  readonly decisions: number;
  readonly allowed: number;
  readonly refused: number;
  readonly messages: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly wait: Readonly<Partial<Record<Stage, Wait>>>;
}

/** `GET /admin/stats`; without `buckets` as an event. */
export interface Stats {
  readonly at: number;
  readonly agents_online: number;
  readonly per_second: { readonly decisions: number; readonly messages: number };
  readonly refusals: Readonly<Record<string, number>>;
  readonly wait: Readonly<Partial<Record<Stage, Wait>>>;
  readonly key: { readonly kid: string; readonly age: number } | null;
  readonly revocation_view: { readonly age: number } | null;
  readonly audit: {
    readonly mode: string;
    readonly signed: boolean;
    readonly shards: number;
    readonly records: number;
    readonly gaps: number;
    readonly lost: number;
  };
  readonly buckets?: readonly Bucket[];
}

/** One agent in a list. */
export interface AgentSummary {
  readonly id: string;
  readonly tier: string;
  readonly disabled: boolean;
  readonly created_at: number;
  readonly last_seen?: number;
}

/** One agent. */
export interface Agent {
  readonly id: string;
  readonly tier: string;
  readonly scope: readonly string[];
  readonly dpop: 'required' | 'optional';
  readonly disabled: boolean;
  readonly created_at: number;
  readonly jkt?: string;
  readonly dlg_max?: number;
}

/** One run of an agent. */
export interface AgentSession {
  readonly sid: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly jkt?: string;
}

/** One signing key. */
export interface SigningKeyState {
  readonly kid: string;
  readonly alg: string;
  readonly state: string;
  /** When it entered its state. */
  readonly since: number;
  readonly made_at: number;
  readonly compromised: boolean;
}

/** What a revocation names. */
export interface RevocationRequest {
  readonly kind: 'token' | 'session' | 'agent' | 'key' | 'jkt' | 'before';
  readonly value: string | number;
  readonly agent?: string;
  readonly all?: boolean;
  readonly reason?: string;
}

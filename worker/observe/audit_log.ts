// AuditLog: the Durable Object of one shard of the audit log, and another of the manifests over all shards.

import { DurableObject } from 'cloudflare:workers';
import type { KeyRing } from '../authority/keys/key_ring.ts';
import { readConfig, type Config } from '../env.ts';
import { createSchema } from '../storage/schema.ts';
import { chainBatch, type Batch } from './audit_batch.ts';
import { createAuditKey, type AuditKey } from './audit_key.ts';
import {
  auditSchema,
  createAuditStore,
  type AuditStore,
  type Place,
  type ShardPage,
  type ShardTotals,
} from './audit_store.ts';
import {
  createFiguresStore,
  figuresSchema,
  type Figures,
  type FiguresStore,
} from './figures_store.ts';
import { manifestStub, shardStub } from './audit_stubs.ts';
import { logError } from './log.ts';
import { makeManifest } from './make_manifest.ts';
import {
  createManifestStore,
  manifestSchema,
  type ListedShard,
  type ManifestStore,
  type StoredManifest,
} from './manifest_store.ts';
import { createPresence, type Presence } from './presence.ts';
import { createTurns, type Turns } from '../turns.ts';

/** What the objects of the audit log need of their surroundings. */
export interface AuditLogEnv {
  readonly AUDIT_LOG: DurableObjectNamespace<AuditLog>;
  readonly KEY_RING?: DurableObjectNamespace<KeyRing>;
}

/** What the manifests say of the log, for who reads it from some manifest on. */
export interface ManifestSpan {
  readonly newest: StoredManifest | undefined;
  readonly oldest: StoredManifest | undefined;
  readonly next: readonly StoredManifest[];
}

/** What a shard has counted, and who was there. */
export interface ShardReport {
  readonly figures: Figures;
  readonly totals: ShardTotals;
  readonly agents: readonly string[];
}

/** Milliseconds: a shard signs its head at most this long after a record, and manifests come this often. */
const checkpointAfter = 10_000;
const manifestEvery = 60_000;
const writersKept = 7 * 86_400_000;

export class AuditLog extends DurableObject<AuditLogEnv> {
  readonly #store: AuditStore;
  readonly #figures: FiguresStore;
  readonly #manifests: ManifestStore;
  readonly #presence: Presence = createPresence();
  readonly #turns: Turns = createTurns();
  readonly #config: Config;
  readonly #key: AuditKey;

  constructor(ctx: DurableObjectState, env: AuditLogEnv) {
    super(ctx, env);
    const { storage } = ctx;
    const schema = createSchema(storage.sql, 1, [
      ...auditSchema,
      ...figuresSchema,
      ...manifestSchema,
    ]);
    this.#config = readConfig(env as unknown as Readonly<Record<string, unknown>>);
    this.#store = createAuditStore(storage, schema);
    this.#figures = createFiguresStore(storage.sql, schema);
    this.#manifests = createManifestStore(storage, schema);
    const now = (): number => Date.now();
    // Asked each time: a key that was declared compromised signs nothing more
    const parts = { config: this.#config, keyRing: env.KEY_RING, now, askEvery: 0 };
    this.#key = createAuditKey(parts);
  }

  /** Takes a batch; durable once this is answered. The same batch again changes nothing. */
  append(batch: Batch): Promise<void> {
    return this.#turns.take(async () => {
      const known = this.#store.writer(batch.writer);
      if (batch.batch <= known.batch) return;
      const now = Date.now();
      const head = this.#store.head();
      const chained = await chainBatch(batch, { shard: this.#shard(), head, known, now });
      this.#store.append({ ...chained, writer: batch.writer, at: now });
      this.#figures.add(batch.counts, now / 1000);
      for (const agent of batch.agents) this.#presence.seen(agent, now);
      await this.#wakeIn(checkpointAfter);
    });
  }

  /** Entries and checkpoints after some places. */
  read(
    after: Omit<ShardPage, 'lines'>,
    upTo: number | undefined,
    limit: number,
  ): ShardPage | 'expired' {
    return this.#store.read(after, upTo ?? this.#store.head().seq, limit);
  }

  head(): Place {
    return this.#store.head();
  }

  report(): ShardReport {
    const now = Date.now();
    return {
      figures: this.#figures.figures(now / 1000),
      totals: this.#store.totals(),
      agents: this.#presence.present(now),
    };
  }

  /**
   * What a manifest lists of this shard. What the manifest before told to be given up is removed
   * first: a reader never finds the log to begin later than a manifest says.
   */
  sealed(givenUp: number): Omit<ListedShard, 'shard'> {
    const { keepFor, keepBytes } = this.#config.audit;
    const now = Date.now();
    this.#store.prune(givenUp, now - writersKept);
    const start = this.#store.planStart(now - keepFor * 1000, keepBytes);
    return { ...this.#store.head(), start };
  }

  /** Makes manifests come from now on, where they do not yet. */
  async begin(): Promise<void> {
    await this.#wakeIn(this.#manifests.newest() === undefined ? 0 : manifestEvery);
  }

  /** Makes a manifest now: for tests, and for who wants the log sealed up to this moment. */
  manifest(): Promise<void> {
    return this.#turns.take(async () => {
      const shards = await this.#sealAll();
      const { issuer, audit } = this.#config;
      const made = await makeManifest(this.#manifests, this.#key, {
        issuer,
        shards,
        now: Date.now(),
        keepFor: audit.keepFor * 1000,
      });
      this.#manifests.add(made);
    });
  }

  span(after: number, limit: number): ManifestSpan {
    const next = this.#manifests.after(after, limit);
    return { newest: this.#manifests.newest(), oldest: this.#manifests.oldest(), next };
  }

  override async alarm(): Promise<void> {
    if (this.ctx.id.name === 'manifests') {
      // Before the work, which may fail: the next minute is due all the same
      await this.ctx.storage.setAlarm(Date.now() + manifestEvery);
      await this.manifest();
      return;
    }
    await this.#checkpoint();
    if (this.#figures.isDirty()) this.#figures.store(Date.now() / 1000);
    await manifestStub(this.env.AUDIT_LOG).begin();
  }

  async #sealAll(): Promise<readonly ListedShard[]> {
    const before = this.#manifests.newest()?.shards ?? [];
    const known = Math.max(this.#config.audit.shards, ...before.map(({ shard }) => shard + 1));
    return Promise.all(
      Array.from({ length: known }, async (_, shard) => {
        const givenUp = before.find((listed) => listed.shard === shard)?.start.seq ?? 0;
        return { shard, ...(await shardStub(this.env.AUDIT_LOG, shard).sealed(givenUp)) };
      }),
    );
  }

  async #checkpoint(): Promise<void> {
    const { seq, hash } = this.#store.head();
    if (seq <= this.#store.checkpointed()) return;
    const shard = this.#shard();
    const claims = { iss: this.#config.issuer, iat: Math.floor(Date.now() / 1000) };
    const jws = await this.#key.sign('checkpoint', { ...claims, shard, seq, hash });
    if (jws === undefined) return;
    this.#store.addCheckpoint(seq, JSON.stringify({ kind: 'checkpoint', shard, jws }));
  }

  async #wakeIn(milliseconds: number): Promise<void> {
    const set = await this.ctx.storage.getAlarm();
    if (set === null) await this.ctx.storage.setAlarm(Date.now() + milliseconds);
  }

  #shard(): number {
    const [, number] = /^shard-(\d{1,2})$/.exec(this.ctx.id.name ?? '') ?? [];
    if (number === undefined) {
      logError('audit_shard_unnamed');
      throw new Error('The shard has no name');
    }
    return Number(number);
  }
}

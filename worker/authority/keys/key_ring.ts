// KeyRing: the Durable Object of one issuer's signing keys. It makes, moves and destroys them by a plan.

import { DurableObject } from 'cloudflare:workers';
import { generateSigningKey, type KeyState, type PublicJwk } from '../../../src/issue/index.ts';
import { readConfig } from '../../env.ts';
import type { AuthorityConfig } from '../../env_authority.ts';
import { ConfigError } from '../../env_values.ts';
import { logError } from '../../observe/log.ts';
import { createSchema } from '../../storage/schema.ts';
import { createKeyRecord, type RecordKeys } from './key_ring_record.ts';
import { createKeySealing, type KeySealing, type Label, type Sealed } from './key_sealing.ts';
import {
  createKeyRingStore,
  keyRingSchema,
  type KeyRingStore,
  type MadeKey,
  type RingKey,
} from './key_ring_store.ts';
import {
  createServiceKeyStore,
  serviceKeyCompromise,
  serviceKeySchema,
  type ServiceKeyListing,
  type ServiceKeyStore,
  type ServiceUse,
} from './service_key_store.ts';

/** What an isolate needs of the ring. Private parts are sealed: the isolate opens them itself. */
export interface RingSnapshot {
  readonly version: number;
  readonly published: readonly PublicJwk[];
  readonly signer: { readonly jwk: PublicJwk; readonly sealed: Sealed } | undefined;
  /** The newest first. */
  readonly nonceSecrets: readonly { readonly name: string; readonly sealed: Sealed }[];
}

/** The keys of one service: the one that signs, and those before it that are not compromised. */
export interface ServiceKeys {
  readonly signer: { readonly jwk: PublicJwk; readonly sealed: Sealed };
  /** The newest first. What an old one signed is checked as long as it is kept. */
  readonly published: readonly PublicJwk[];
}

/** A key as operators see it. Times in seconds since the epoch. */
export interface KeyListing {
  readonly kid: string;
  readonly alg: string;
  readonly state: KeyState;
  readonly since: number;
  readonly madeAt: number;
  readonly compromised: boolean;
}

/** How long nonces are made under one secret, in seconds; it is kept twice as long. */
const nonceSecretFor = 86_400;
/** How long a service key signs, in seconds. */
const serviceKeyFor = 365 * 86_400;

export class KeyRing extends DurableObject<object> {
  readonly #store: KeyRingStore;
  readonly #services: ServiceKeyStore;
  readonly #record: RecordKeys;
  readonly #issuer: string;
  readonly #settings: AuthorityConfig;
  readonly #sealing: KeySealing;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    const config = readConfig(env as Readonly<Record<string, unknown>>);
    if (config.authority === undefined) throw new ConfigError('KEY_ENCRYPTION_KEY', 'is required');
    this.#record = createKeyRecord(env, config, (work) => ctx.waitUntil(work));
    this.#issuer = config.issuer;
    this.#settings = config.authority;
    this.#sealing = createKeySealing(config.authority.sealingKeys);
    const services = [...serviceKeySchema, ...serviceKeyCompromise];
    const schema = createSchema(ctx.storage.sql, 3, [...keyRingSchema, ...services], {
      2: serviceKeySchema,
      3: serviceKeyCompromise,
    });
    this.#store = createKeyRingStore(ctx.storage, schema);
    this.#services = createServiceKeyStore(ctx.storage, schema);
  }

  /** The ring as it stands, or `unchanged` where the asker knows it. The first call makes the keys. */
  async snapshot(known: number): Promise<RingSnapshot | 'unchanged'> {
    await this.#tendIfDue();
    const version = this.#store.version();
    if (version === known) return 'unchanged';
    const keys = this.#store.keys();
    const active = keys.find(({ state }) => state === 'active');
    return {
      version,
      published: keys.filter(({ state }) => state !== 'retired').map(({ jwk }) => jwk),
      signer: active?.sealed && { jwk: active.jwk, sealed: active.sealed },
      nonceSecrets: this.#store.nonceSecrets().map(({ name, sealed }) => ({ name, sealed })),
    };
  }

  /** All keys that the ring remembers, the retired ones too. */
  async list(): Promise<readonly KeyListing[]> {
    await this.#tendIfDue();
    return this.#store.keys().map(listed);
  }

  /** Asks for the successor: it signs as soon as it was published long enough. */
  async rotate(): Promise<readonly KeyListing[]> {
    this.#store.requestRotation();
    await this.#tend();
    return this.#store.keys().map(listed);
  }

  /** Takes a key out at once; its successor signs at once. `false` for a key that is not known. */
  async compromise(kid: string): Promise<boolean> {
    if (this.#services.compromise(kid)) return true;
    const before = this.#store.keys();
    const known = this.#store.compromise(kid, now());
    if (known) this.#record(before, this.#store.keys());
    if (known) await this.#tend();
    return known;
  }

  /** The keys of a service. The first call makes one; after a year the next call makes another. */
  async serviceKeys(use: ServiceUse): Promise<ServiceKeys> {
    await this.#tendIfDue();
    const isDue = (): boolean => (this.#services.of(use)[0]?.madeAt ?? 0) + serviceKeyFor <= now();
    if (isDue()) {
      const { jwk, sealed } = await this.#makeKey((kid) => this.#serviceLabel(kid));
      // Of several calls at once the first to come here makes the key
      if (isDue()) this.#services.add(use, jwk, sealed, now());
    }
    const keys = this.#services.of(use);
    const signer = keys[0];
    if (signer?.sealed === undefined) throw new Error('The service has no key');
    const { jwk, sealed } = signer;
    return { signer: { jwk, sealed }, published: keys.map((key) => key.jwk) };
  }

  listServices(): readonly ServiceKeyListing[] {
    return this.#services.list();
  }

  override async alarm(): Promise<void> {
    await this.#tend();
  }

  async #tendIfDue(): Promise<void> {
    const current = await this.#sealing.current();
    const elsewhere = this.#sealed().some(({ sealed }) => sealed.by !== current);
    if (elsewhere || this.#store.wakeAt() <= now()) await this.#tend();
  }

  /**
   * Does what the plan says now. Keys are made before the transaction that plans again and takes
   * them in: two calls at once make one ring, and an eviction before it leaves everything as it was.
   */
  async #tend(): Promise<void> {
    const { rotation } = this.#settings;
    const before = this.#store.keys();
    const made: MadeKey[] = [];
    while (!this.#store.rotate(rotation, made, now())) {
      made.push(await this.#makeKey((kid) => this.#keyLabel(kid)));
    }
    this.#record(before, this.#store.keys());
    await this.#tendNonces();
    await this.#reseal();
    const nonces = (this.#store.nonceSecrets()[0]?.madeAt ?? now()) + nonceSecretFor;
    await this.ctx.storage.setAlarm(Math.min(this.#store.wakeAt(), nonces) * 1000);
  }

  async #makeKey(label: (kid: string) => Label): Promise<MadeKey> {
    const { kid, privateKey, publicJwk } = await generateSigningKey('ES256');
    const jwk = await crypto.subtle.exportKey('jwk', privateKey);
    return { jwk: publicJwk, sealed: await this.#sealing.seal(label(kid), jwk) };
  }

  async #tendNonces(): Promise<void> {
    const isDue = (): boolean => {
      const [newest] = this.#store.nonceSecrets();
      return newest === undefined || newest.madeAt + nonceSecretFor <= now();
    };
    if (!isDue()) return;
    const name = crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const k = btoa(String.fromCharCode(...bytes));
    const sealed = await this.#sealing.seal(this.#nonceLabel(name), { k });
    const madeAt = now();
    if (isDue()) {
      this.#store.addNonceSecret({ name, madeAt, sealed }, madeAt - 2 * nonceSecretFor);
    }
  }

  /** Brings what an older sealing key sealed under the first one. */
  async #reseal(): Promise<void> {
    const current = await this.#sealing.current();
    for (const { label, sealed } of this.#sealed()) {
      if (sealed.by === current) continue;
      try {
        const secret = await this.#sealing.open(label, sealed);
        const anew = await this.#sealing.seal(label, secret);
        this.#store.reseal(sealed, anew);
        this.#services.reseal(sealed, anew);
      } catch {
        // The key may come back with the next configuration: nothing is thrown away
        logError('sealed_key_cannot_be_opened', { variable: 'KEY_ENCRYPTION_KEY' });
      }
    }
  }

  #sealed(): readonly { readonly label: Label; readonly sealed: Sealed }[] {
    const keys = this.#store.keys().flatMap(({ kid, sealed }) => {
      return sealed === undefined ? [] : [{ label: this.#keyLabel(kid), sealed }];
    });
    const secrets = this.#store.nonceSecrets().map(({ name, sealed }) => {
      return { label: this.#nonceLabel(name), sealed };
    });
    const services = this.#services.sealed().flatMap(({ kid, sealed }) => {
      return sealed === undefined ? [] : [{ label: this.#serviceLabel(kid), sealed }];
    });
    return [...keys, ...secrets, ...services];
  }

  #keyLabel(kid: string): Label {
    return { use: 'signing-key', issuer: this.#issuer, name: kid };
  }

  #serviceLabel(kid: string): Label {
    return { use: 'service-key', issuer: this.#issuer, name: kid };
  }

  #nonceLabel(name: string): Label {
    return { use: 'nonce-secret', issuer: this.#issuer, name };
  }
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function listed({ kid, jwk, state, since, madeAt, compromised }: RingKey): KeyListing {
  return { kid, alg: jwk.alg, state, since, madeAt, compromised };
}

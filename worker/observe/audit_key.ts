// The key that signs checkpoints and manifests: the ring's where there is an authority, else a configured one.

import { CompactSign } from 'jose';
import { importSigningKey, type PublicJwk, type SigningKey } from '../../src/issue/index.ts';
import type { KeyRing } from '../authority/keys/key_ring.ts';
import { createKeySealing } from '../authority/keys/key_sealing.ts';
import type { Config } from '../env.ts';
import { ConfigError } from '../env_values.ts';

/** Signs statements of the audit log. */
export interface AuditKey {
  /** A compact JWS; `undefined` where the deployment has no audit key. */
  sign(type: 'checkpoint' | 'manifest', claims: object): Promise<string | undefined>;
  /** The public keys, the newest first. */
  published(): Promise<readonly PublicJwk[]>;
}

/** What the key is made of. */
export interface AuditKeyParts {
  readonly config: Pick<Config, 'issuer' | 'authority' | 'audit'>;
  readonly keyRing: DurableObjectNamespace<KeyRing> | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long a key is used before the ring is asked again, in milliseconds. */
  readonly askEvery: number;
}

const encoder = new TextEncoder();

interface Held {
  readonly signer: SigningKey;
  readonly published: readonly PublicJwk[];
  readonly askedAt: number;
}

/** Makes the key of a configuration. Asks for nothing before it is used. */
export function createAuditKey({ config, keyRing, now, askEvery }: AuditKeyParts): AuditKey {
  const { issuer, authority, audit } = config;
  let held: Held | undefined;

  async function fromRing(
    ring: DurableObjectNamespace<KeyRing>,
    sealingKeys: readonly string[],
  ): Promise<Held> {
    const askedAt = now();
    const { signer, published } = await ring.getByName(issuer).serviceKeys('audit');
    if (held?.signer.kid === signer.jwk.kid) return { ...held, published, askedAt };
    const label = { use: 'service-key', issuer, name: signer.jwk.kid } as const;
    const secret = await createKeySealing(sealingKeys).open(label, signer.sealed);
    return { signer: await importSigningKey(secret, signer.jwk.alg), published, askedAt };
  }

  async function load(): Promise<Held | undefined> {
    if (held !== undefined && now() - held.askedAt < askEvery && now() >= held.askedAt) return held;
    if (authority !== undefined && keyRing !== undefined) {
      held = await fromRing(keyRing, authority.sealingKeys);
    } else if (audit.signingKey !== undefined) {
      const signer = await importConfigured(audit.signingKey);
      held = { signer, published: [signer.publicJwk], askedAt: now() };
    }
    return held;
  }

  return {
    async sign(type, claims) {
      const key = (await load())?.signer;
      if (key === undefined) return undefined;
      const { alg, kid, privateKey } = key;
      return new CompactSign(encoder.encode(JSON.stringify(claims)))
        .setProtectedHeader({ alg, kid, typ: `swarmgate-audit-${type}+jwt` })
        .sign(privateKey);
    },
    published: async () => (await load())?.published ?? [],
  };
}

async function importConfigured(jwk: Readonly<Record<string, unknown>>): Promise<SigningKey> {
  try {
    const key = await importSigningKey(jwk);
    if (key.alg === 'ES256' || key.alg === 'Ed25519') return key;
  } catch {
    // The error could quote the key
  }
  throw new ConfigError('AUDIT_SIGNING_KEY', 'must be a private JWK: EC P-256 or Ed25519');
}

// Seals what must not lie readable in storage, under the keys of KEY_ENCRYPTION_KEY (AES-256-GCM).

import { createSealer } from '../../../src/seal/index.ts';

/** A secret as it is stored and as it travels between the ring and the isolates. */
export interface Sealed {
  /** A compact JWE. */
  readonly text: string;
  /** Which sealing key sealed it: a name that tells nothing of it. */
  readonly by: string;
}

/** What a sealed secret is, so that one is never taken for another. */
export interface Label {
  readonly use: 'signing-key' | 'nonce-secret' | 'service-key';
  readonly issuer: string;
  readonly name: string;
}

/** Seals under the first key and opens under any. */
export interface KeySealing {
  seal(label: Label, secret: object): Promise<Sealed>;
  /** Rejects with an Error, which tells nothing, when no key opens it or it is something else. */
  open(label: Label, sealed: Sealed): Promise<object>;
  /** The name of the key that seals now. */
  current(): Promise<string>;
}

const encoder = new TextEncoder();

async function nameOf(key: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', encoder.encode(`sealing key name\n${key}`));
  return Array.from(new Uint8Array(bytes, 0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
}

function hasLabel(value: object, label: Label): value is { readonly secret: object } {
  const { use, issuer, name, secret } = value as Readonly<Record<string, unknown>>;
  const same = use === label.use && issuer === label.issuer && name === label.name;
  return same && typeof secret === 'object' && secret !== null;
}

/** Makes the sealing of a configuration: base64url keys, the newest first. */
export function createKeySealing(keys: readonly string[]): KeySealing {
  const sealers = keys.map((key) => ({ key, sealer: createSealer({ key }) }));
  const names = new Map<string, string>();
  const named = async (key: string): Promise<string> => {
    const name = names.get(key) ?? (await nameOf(key));
    names.set(key, name);
    return name;
  };
  const [first] = sealers;
  if (first === undefined) throw new TypeError('There must be a sealing key');
  return {
    current: () => named(first.key),
    async seal(label, secret) {
      const text = await first.sealer.encryptPayload({ ...label, secret });
      return { text, by: await named(first.key) };
    },
    async open(label, sealed) {
      for (const { key, sealer } of sealers) {
        if ((await named(key)) !== sealed.by) continue;
        const value = await sealer.decryptPayload(sealed.text);
        if (hasLabel(value, label)) return value.secret;
      }
      throw new Error('The secret cannot be opened');
    },
  };
}

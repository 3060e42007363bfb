// Nonces for proofs (RFC 9449 section 8): nothing is stored, a MAC over the client and the time says whose they are.

/** Makes nonces, and recognises those that it made. */
export interface DpopNonces {
  make(clientId: string): Promise<string>;
  /** Whether a nonce was made for this client, not too long ago. */
  isOurs(nonce: string, clientId: string): Promise<boolean>;
}

/** What nonces need: their keys, the newest first, and the time in milliseconds since the epoch. */
export interface DpopNonceOptions {
  readonly keys: () => Promise<readonly CryptoKey[]>;
  readonly now: () => number;
}

/** How long a nonce can be used, in seconds. A retry comes at once; a client may keep it for the next. */
const lifetime = 300;
/** Clocks of isolates differ. */
const tolerance = 5;
const wellFormed = /^([0-9a-z]{6,8})\.([0-9a-f]{64})$/;
const encoder = new TextEncoder();

const covered = (clientId: string, time: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(encoder.encode(`dpop nonce\n${time}\n${clientId}`));

const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const fromHex = (hex: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array((hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));

/** Makes the nonces of an authority. */
export function createDpopNonces({ keys, now }: DpopNonceOptions): DpopNonces {
  const seconds = (): number => Math.floor(now() / 1000);
  return {
    async make(clientId) {
      const [key] = await keys();
      if (key === undefined) throw new TypeError('There must be a key for nonces');
      const time = seconds().toString(36);
      const mac = await crypto.subtle.sign('HMAC', key, covered(clientId, time));
      return `${time}.${toHex(new Uint8Array(mac))}`;
    },

    async isOurs(nonce, clientId) {
      const [, time, mac] = wellFormed.exec(nonce) ?? [];
      if (time === undefined || mac === undefined) return false;
      const age = seconds() - Number.parseInt(time, 36);
      if (age > lifetime || age < -tolerance) return false;
      const data = covered(clientId, time);
      for (const key of await keys()) {
        if (await crypto.subtle.verify('HMAC', key, fromHex(mac), data)) return true;
      }
      return false;
    },
  };
}

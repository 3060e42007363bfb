// Bad JWEs: made from a good one, or forged with the right key, and the one error that they all end in

import { CompactEncrypt } from 'jose';
import { createSealer, type Sealer } from '../../../src/seal/index.ts';
import { decodeBase64url, encodeBase64url } from '../../../src/token/base64url.ts';
import { equal, type ContractCase } from '../case.ts';

export const secret = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
export const payload = { task: 'summarize' };
export const text = JSON.stringify(payload);
const encoder = new TextEncoder();
/** The sealer that all bad JWEs are shown to, unless a case says otherwise. */
export const sealer: Sealer = createSealer({ key: secret });

/** The five segments. */
export type Segments = [header: string, key: string, iv: string, ciphertext: string, tag: string];

/** Text as base64url. */
export const encode = (value: string): string => encodeBase64url(encoder.encode(value));

/** Encrypts for real, under a header and a text of the case's own. */
export const forged = (
  header: object,
  plain: string | Uint8Array = text,
  key = secret,
): Promise<string> =>
  new CompactEncrypt(typeof plain === 'string' ? encoder.encode(plain) : plain)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', ...header })
    .encrypt(key);

/** Encrypts with WebCrypto alone, so that the header can be any text at all. */
export async function raw(
  header: string,
  options: { plain?: string; iv?: Uint8Array } = {},
): Promise<string> {
  const { plain = text, iv = crypto.getRandomValues(new Uint8Array(12)) } = options;
  const protectedHeader = encode(header);
  const key = await crypto.subtle.importKey('raw', secret, 'AES-GCM', false, ['encrypt']);
  const additionalData = encoder.encode(protectedHeader);
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv: new Uint8Array(iv), additionalData },
      key,
      encoder.encode(plain),
    ),
  );
  const parts = [iv, sealed.slice(0, -16), sealed.slice(-16)].map((part) => encodeBase64url(part));
  return [protectedHeader, '', ...parts].join('.');
}

/** A JWE that fits in all but its header. */
export const withHeader =
  (members: object): (() => Promise<string>) =>
  async () =>
    raw(JSON.stringify({ alg: 'dir', enc: 'A256GCM', ...members }));

/** Changes segments of a good JWE. */
export const changed =
  (change: (segments: Segments) => void, by: Sealer = sealer) =>
  async () => {
    const segments = (await by.encryptPayload(payload)).split('.') as Segments;
    change(segments);
    return segments.join('.');
  };

/** The first bytes of a segment. */
export const cut = (segment: string, bytes: number): string =>
  encodeBase64url((decodeBase64url(segment) ?? new Uint8Array()).slice(0, bytes));

/** A segment with one bit changed. */
export const flip = (segment: string): string => {
  const bytes = decodeBase64url(segment) ?? new Uint8Array();
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return encodeBase64url(bytes);
};

/** A bad JWE, and the sealer that it is shown to. */
export type Bad = readonly [name: string, jwe: () => unknown, opener?: Sealer];

/** One case for each bad JWE: all must end in the same error. */
export function refusals(bad: readonly Bad[]): readonly ContractCase[] {
  return bad.map(([name, jwe, opener = sealer]) => ({
    name: `decryptPayload() refuses ${name}`,
    run: async () => {
      // A caller without types may pass anything.
      const given = (await jwe()) as string;
      const error = await opener.decryptPayload(given).catch((cause: unknown) => cause);
      if (!(error instanceof Error) || !('code' in error)) throw new Error(`Got ${String(error)}`);
      // The same code, the same text, nothing behind it.
      equal(error.code, 'payload_undecryptable', 'code');
      equal(error.message, 'The payload cannot be decrypted', 'message');
      equal(error.cause, undefined, 'cause');
    },
  }));
}

// base64url (RFC 4648 section 5), canonical only, and fatal UTF-8.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const otherCharacters = /[^\w-]/;
const nonAscii = /[^\0-\x7f]/;
// RFC 4648 section 3.5: the last characters whose unused bits are zero, by the length modulo 4.
const lastOf2 = 'AQgw';
const lastOf3 = 'AEIMQUYcgkosw048';

/**
 * Tells whether a text is base64url in its one canonical spelling: no padding, no white space,
 * unused trailing bits zero. Two such texts never decode to the same bytes.
 */
export function isBase64url(text: string): boolean {
  if (otherCharacters.test(text)) return false;
  switch (text.length % 4) {
    case 0:
      return true;
    case 2:
      return lastOf2.includes(text.charAt(text.length - 1));
    case 3:
      return lastOf3.includes(text.charAt(text.length - 1));
    default:
      return false;
  }
}

const decodeBinary = (text: string): string => atob(text.replaceAll('-', '+').replaceAll('_', '/'));

function toBytes(binary: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

/** Decodes canonical base64url, or answers `undefined`. */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  return isBase64url(text) ? toBytes(decodeBinary(text)) : undefined;
}

/** Decodes canonical base64url to a text with a character for each byte, or answers `undefined`. */
export function decodeBase64urlBinary(text: string): string | undefined {
  return isBase64url(text) ? decodeBinary(text) : undefined;
}

/** Reads such a text as UTF-8, or answers `undefined` where it is not well-formed. */
export function decodeBinaryText(binary: string): string | undefined {
  return nonAscii.test(binary) ? decodeUtf8(toBytes(binary)) : binary;
}

/** Encodes bytes as base64url without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += alphabet[(held >> bits) & 63];
    }
  }
  if (bits > 0) text += alphabet[(held << (6 - bits)) & 63];
  return text;
}

// A byte order mark is kept, so that the JSON parser refuses it: other stacks do (RFC 8259 section 8.1).
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes UTF-8, or answers `undefined` for bytes that are not well-formed UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

// PEM (RFC 7468), read strictly: one key, its label on the first line, nothing before or after it.

import type { JWK } from 'jose';

/** The two labels that are read (RFC 7468 sections 10 and 13). */
export type PemLabel = 'PUBLIC KEY' | 'PRIVATE KEY';

const patterns: Readonly<Record<PemLabel, RegExp>> = {
  'PUBLIC KEY': pattern('PUBLIC KEY'),
  'PRIVATE KEY': pattern('PRIVATE KEY'),
};

/** Largest text read: an RSA key of 4,096 bits takes about 3,300 characters. */
const maxPemLength = 8192;

/** What to do with the labels that people have instead. */
const advice: ReadonlyMap<string, string> = new Map([
  ['EC PRIVATE KEY', 'Convert it to PKCS#8 with "openssl pkcs8 -topk8 -nocrypt"'],
  ['RSA PRIVATE KEY', 'Convert it to PKCS#8 with "openssl pkcs8 -topk8 -nocrypt"'],
  ['ENCRYPTED PRIVATE KEY', 'Decrypt it with "openssl pkcs8"'],
  ['RSA PUBLIC KEY', 'Convert it to SPKI with "openssl rsa -RSAPublicKey_in -pubout"'],
  ['CERTIFICATE', 'Take its public key with "openssl x509 -pubkey -noout"'],
  ['PRIVATE KEY', 'Pass the public key, not the private one'],
  ['PUBLIC KEY', 'Pass the private key, not the public one'],
]);

// One algorithm for each kind of key: enough to learn which kind a text holds. Ed25519 stands last,
// because workerd takes any key for one until it is exported.
const kinds: readonly { readonly name: string; readonly [member: string]: string }[] = [
  { name: 'ECDSA', namedCurve: 'P-256' },
  { name: 'ECDSA', namedCurve: 'P-384' },
  { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  { name: 'Ed25519' },
];

/**
 * Reads a PEM text as a JWK.
 *
 * Does not check the strength of the key, nor which algorithm it is for.
 *
 * @throws TypeError for anything but one key under exactly that label.
 */
export async function jwkFromPem(pem: string, label: PemLabel): Promise<JWK> {
  assertPem(pem, label);
  const [format, usage] =
    label === 'PUBLIC KEY' ? (['spki', 'verify'] as const) : (['pkcs8', 'sign'] as const);
  const base64 = pem.replaceAll(/-----[A-Z ]+-----/g, '');
  for (const kind of kinds) {
    try {
      const bytes = decode(base64);
      const key = await crypto.subtle.importKey(format, bytes, kind, true, [usage]);
      const exported: object = await crypto.subtle.exportKey('jwk', key);
      const { alg: _alg, ext: _ext, key_ops: _ops, ...jwk }: JWK = exported;
      return jwk;
    } catch {
      // Another kind of key: the next may fit.
    }
  }
  throw new TypeError('The PEM holds no EC P-256, EC P-384, Ed25519 or RSA key');
}

/** Decodes base64 in its one spelling: unused bits are zero (RFC 4648 section 3.5). */
function decode(lines: string): Uint8Array<ArrayBuffer> {
  const text = lines.replaceAll(/[\r\n=]/g, '');
  const binary = atob(text);
  if (btoa(binary).replaceAll('=', '') !== text) throw new TypeError('The base64 is not canonical');
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function assertPem(pem: string, label: PemLabel): void {
  if (pem.length > maxPemLength) throw new TypeError('The PEM is too long for one key');
  if (patterns[label].test(pem)) return;
  const found = /^-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(pem)?.[1];
  if (found === undefined) {
    // Lenient readers differ in what they skip, and a key read as text is a shared secret to some.
    throw new TypeError(`The PEM must begin with "-----BEGIN ${label}-----", nothing before it`);
  }
  throw new TypeError(
    found === label
      ? `The PEM must be lines of base64 between its two "${label}" lines, nothing after them`
      : `The PEM must be a "${label}", not a "${found}". ${advice.get(found) ?? ''}`.trimEnd(),
  );
}

function pattern(label: PemLabel): RegExp {
  const line = '[A-Za-z0-9+/]{1,76}={0,2}\\r?\\n';
  return new RegExp(
    `^-----BEGIN ${label}-----\\r?\\n(?:${line})+-----END ${label}-----(?:\\r?\\n)*$`,
  );
}

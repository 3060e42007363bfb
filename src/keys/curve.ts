// Whether a point is on its curve: not every runtime looks, and WebCrypto leaves it to them.

/** A curve of SEC 2: y² = x³ - 3x + b over the field of p. */
export interface Curve {
  /** Its name in a JWK. */
  readonly crv: string;
  /** Bytes of a coordinate (RFC 7518 section 6.2.1.2). */
  readonly bytes: number;
  readonly p: () => bigint;
  readonly b: string;
}

/** SEC 2 section 2.4.2. */
export const p256: Curve = {
  crv: 'P-256',
  bytes: 32,
  p: () => (1n << 256n) - (1n << 224n) + (1n << 192n) + (1n << 96n) - 1n,
  b: '0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b',
};

/**
 * Tells whether two coordinates, big-endian, are of a point of the curve (SEC 1 section 3.2.2.1).
 *
 * Without this an ephemeral key off its curve would draw out a private key bit by bit (RFC 8725
 * section 3.4) wherever the runtime does not look.
 */
export function isOnCurve(curve: Curve, x: Uint8Array, y: Uint8Array): boolean {
  const p = curve.p();
  const [left, right] = [numberOf(x), numberOf(y)];
  if (left >= p || right >= p) return false;
  return (right * right - (left * left - 3n) * left - BigInt(curve.b)) % p === 0n;
}

/** The number that bytes spell, big-endian. */
export function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

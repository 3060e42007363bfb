// Whether a point is on its curve: not every runtime looks, and WebCrypto leaves it to them.

interface Curve {
  /** The prime of the field. */
  readonly p: () => bigint;
  readonly b: string;
}

/** SEC 2 sections 2.4.2 and 2.5.1. */
const curves: Readonly<Record<string, Curve>> = {
  'P-256': {
    p: () => (1n << 256n) - (1n << 224n) + (1n << 192n) + (1n << 96n) - 1n,
    b: '0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b',
  },
  'P-384': {
    p: () => (1n << 384n) - (1n << 128n) - (1n << 96n) + (1n << 32n) - 1n,
    b: '0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
  },
};

/**
 * Tells whether two coordinates, big-endian, are of a point of the curve (SEC 1 section 3.2.2.1).
 *
 * Without this an ephemeral key off its curve would draw out a private key bit by bit (RFC 8725
 * section 3.4) wherever the runtime does not look.
 */
export function isOnCurve(crv: string, x: Uint8Array, y: Uint8Array): boolean {
  const curve = Object.hasOwn(curves, crv) ? curves[crv] : undefined;
  if (curve === undefined) return false;
  const p = curve.p();
  const [left, right] = [numberOf(x), numberOf(y)];
  if (left >= p || right >= p) return false;
  // y² = x³ - 3x + b
  return (right * right - (left * left - 3n) * left - BigInt(curve.b)) % p === 0n;
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

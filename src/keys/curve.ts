// Whether a point is one to trust a key with: not every runtime looks, and WebCrypto leaves it to them.

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

/**
 * Tells whether an Ed25519 public key is a point of small order: under one of these, signatures that
 * fit any message can be written without a private key (RFC 8032 section 5.1.7 leaves them in).
 */
export function isOfSmallOrder(point: Uint8Array): boolean {
  const p = (1n << 255n) - 19n;
  // Little-endian, and the top bit is not of the number (RFC 8032 section 5.1.2)
  const y = numberOf(point.toReversed()) & ((1n << 255n) - 1n);
  const square = y * y;
  // y is ±1 for orders 1 and 2 and 0 for order 4; doubled, a point of order 8 is one of order 4,
  // whose y is 0: d·y⁴ + 2·y² - 1 = 0, with d = -121665/121666
  const order8 = 121665n * square * square - 243332n * square + 121666n;
  return (y * (square - 1n) * order8) % p === 0n;
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

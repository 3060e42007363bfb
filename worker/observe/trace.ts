// Correlation: the trace that a request continues, or a new one (W3C Trace Context, level 1).

/** The trace of one request, and the span that the gateway is in it. */
export interface Trace {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** The gateway's own span: 16 lower-case hex digits. What is forwarded has it as its parent. */
  readonly spanId: string;
  /** The span of the caller; `undefined` where the trace begins here. */
  readonly parentId: string | undefined;
  /** Whether the caller records the trace; a trace that begins here is not sampled. */
  readonly sampled: boolean;
}

// Section 3.2.2: version 00 is exact; of a later version (never ff) the first four fields count
const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]*)?$/;
const zero = /^0+$/;
const maxLength = 256;

const digits = new TextEncoder().encode('0123456789abcdef');
const ascii = new TextDecoder();
// Drawn and spelled by the thousand: every request needs some
const pool = new Uint8Array(6144);
let spelled = '';
let drawn = 0;

function hex(bytes: number): string {
  if (drawn + 2 * bytes > spelled.length) {
    crypto.getRandomValues(pool);
    // One digit of each byte: as likely as any other
    pool.forEach((byte, at) => (pool[at] = digits[byte & 15] ?? 0));
    spelled = ascii.decode(pool);
    drawn = 0;
  }
  const from = drawn;
  drawn += 2 * bytes;
  return spelled.slice(from, drawn);
}

/** Continues the trace that a `traceparent` header names, or begins one where it names none. */
export function traceOf(header: string | null): Trace {
  const spanId = hex(8);
  const fresh = (): Trace => ({ traceId: hex(16), spanId, parentId: undefined, sampled: false });
  if (header === null || header.length > maxLength) return fresh();
  const [, version, traceId, parentId, flags, rest] = form.exec(header) ?? [];
  if (version === undefined || traceId === undefined || parentId === undefined) return fresh();
  if (version === 'ff' || (version === '00' && rest !== undefined)) return fresh();
  if (zero.test(traceId) || zero.test(parentId)) return fresh();
  return { traceId, spanId, parentId, sampled: (Number.parseInt(flags ?? '00', 16) & 1) === 1 };
}

/** The `traceparent` header for what is forwarded. */
export function traceparentOf({ traceId, spanId, sampled }: Trace): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

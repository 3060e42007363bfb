// The envelope contract of the Swarm Bus: pure checks of a message as sent.

import { isAgentId, scanJsonObject, type ErrorCode, type Result } from '../../src/verify/index.ts';
import { readInstant } from './instant.ts';

/** Limits of the contract, in bytes, seconds and milliseconds. */
export const envelopeLimits = {
  messageBytes: 16_384,
  payloadBytes: 14_336,
  payloadDepth: 32,
  subjectLength: 64,
  defaultTtl: 300,
  maxTtl: 3600,
  clockSkewMs: 60_000,
} as const;

const types = ['REQUEST', 'RESPONSE', 'VETO', 'BROADCAST', 'HEARTBEAT'] as const;

/** The types of a message. */
export type MessageType = (typeof types)[number];

/** An envelope whose form is right. */
export interface Envelope {
  /** In lower case, however it was sent (RFC 9562 section 4): two spellings are one id. */
  readonly id: string;
  readonly idAsSent: string;
  readonly from: string | undefined;
  readonly to: string;
  readonly type: MessageType;
  readonly subject: string;
  /** In lower case: two spellings of the same digits are the same nonce. */
  readonly nonce: string;
  readonly sig: string;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The bytes of the `payload` member as sent. */
  readonly payload: Uint8Array;
  /** The whole message as sent. */
  readonly body: string;
}

type Members = Readonly<Record<string, unknown>>;

const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const required = ['id', 'to', 'type', 'subject', 'payload', 'ts', 'nonce', 'sig'];
const optional = ['from', 'ttl'];
const known = new Set([...required, ...optional]);

const encoder = new TextEncoder();
// Without ignoreBOM the decoder would drop a mark, and the stored text would no longer be what was sent
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const refuse = (error: ErrorCode): Result<never, ErrorCode> => ({ ok: false, error });

const matches = (value: unknown, pattern: RegExp): value is string =>
  typeof value === 'string' && pattern.test(value);

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTtl = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= envelopeLimits.maxTtl;

/** Tells whether a value is a message id: a UUID of version 4. */
export function isMessageId(value: unknown): value is string {
  return matches(value, uuid4);
}

/** Tells whether a payload answers a request, as a RESPONSE must. */
function answersRequest(payload: Members): boolean {
  return matches(payload['request_id'], /^.{1,128}$/s);
}

function hasForm(members: Members, payload: Members): boolean {
  const { id, from, to, type, subject, nonce, sig, ttl } = members;
  return (
    Object.keys(members).every((name) => known.has(name)) &&
    isMessageId(id) &&
    (from === undefined || isAgentId(from)) &&
    (to === '*' || isAgentId(to)) &&
    types.some((name) => name === type) &&
    matches(subject, kebab) &&
    subject.length <= envelopeLimits.subjectLength &&
    matches(nonce, /^[0-9a-f]{16}$/i) &&
    matches(sig, /^[0-9a-f]{64}$/) &&
    (ttl === undefined || isTtl(ttl)) &&
    (type !== 'RESPONSE' || answersRequest(payload))
  );
}

function scan(text: string): ReturnType<typeof scanJsonObject> | undefined {
  try {
    // The payload's own depth, and one for the envelope around it
    return scanJsonObject(text, { maxDepth: envelopeLimits.payloadDepth + 1 });
  } catch {
    return undefined;
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Reads a message as sent: size, UTF-8, strict JSON, members and their form.
 *
 * Does not check its time or its digest (see `checkTime`, `checkDigest`), or who sent it.
 */
export function readEnvelope(bytes: Uint8Array): Result<Envelope, ErrorCode> {
  if (bytes.length > envelopeLimits.messageBytes) return refuse('message_too_large');
  const body = decode(bytes);
  const scanned = body === undefined ? undefined : scan(body);
  if (body === undefined || scanned === undefined) return refuse('message_malformed');
  const { value: members, spans } = scanned;
  const span = spans.get('payload');
  const sentAt = readInstant(members['ts']);
  if (span === undefined || sentAt === undefined) return refuse('message_malformed');
  const payload = encoder.encode(body.slice(...span));
  if (payload.length > envelopeLimits.payloadBytes) return refuse('message_too_large');
  const content = members['payload'];
  if (!isObject(content) || !hasForm(members, content)) return refuse('message_malformed');
  const { ttl = envelopeLimits.defaultTtl } = members;
  return {
    ok: true,
    value: {
      id: String(members['id']).toLowerCase(),
      idAsSent: String(members['id']),
      from: members['from'] as string | undefined,
      to: String(members['to']),
      type: members['type'] as MessageType,
      subject: String(members['subject']),
      nonce: String(members['nonce']).toLowerCase(),
      sig: String(members['sig']),
      sentAt,
      expiresAt: sentAt + Number(ttl) * 1000,
      payload,
      body,
    },
  };
}

/** Checks `ts` and `ttl` against the receiver's clock, in milliseconds. */
export function checkTime(envelope: Envelope, now: number): ErrorCode | undefined {
  const stale = Math.abs(now - envelope.sentAt) > envelopeLimits.clockSkewMs;
  return stale || envelope.expiresAt <= now ? 'message_expired' : undefined;
}

/** Checks `sig` against the payload's bytes as they stand in the message. */
export async function checkDigest(envelope: Envelope): Promise<ErrorCode | undefined> {
  const digest = await sha256(envelope.payload);
  return digest === envelope.sig ? undefined : 'message_integrity';
}

/** SHA-256, as lower-case hex. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  // A copy: what stands behind the bytes might be shared, which digests do not take
  const own = new Uint8Array(bytes);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', own));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

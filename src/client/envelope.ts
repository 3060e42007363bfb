// The Swarm Bus envelope: its limits, its members, and the strict reading of one as it arrived.

import type { ErrorCode } from '../errors/codes.ts';
import type { Result } from '../errors/token_error.ts';
import { isAgentId } from '../token/identity.ts';
import { scanJsonObject, type ScannedObject } from '../token/json.ts';
import { isRecord } from '../token/shape.ts';

/** The types of a message. */
export type MessageType = 'REQUEST' | 'RESPONSE' | 'VETO' | 'BROADCAST' | 'HEARTBEAT';

/** A message as its sender wrote it. */
export interface Envelope {
  /** UUID of version 4, as sent. */
  readonly id: string;
  /** Whom the sender says it is; the bus lets nobody say a wrong name. */
  readonly from?: string;
  /** An agent id, or `*`. */
  readonly to: string;
  readonly type: MessageType;
  readonly subject: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC. */
  readonly ts: string;
  readonly nonce: string;
  /** Seconds after `ts` in which it is delivered; absent: 300. */
  readonly ttl?: number;
  /** SHA-256 of the payload's exact bytes, hex. */
  readonly sig: string;
}

/** Limits of the contract: bytes, characters, seconds. */
export const envelopeLimits = {
  messageBytes: 16_384,
  payloadBytes: 14_336,
  payloadDepth: 32,
  subjectLength: 64,
  maxTtl: 3600,
} as const;

const types: ReadonlySet<unknown> = new Set<MessageType>([
  'REQUEST',
  'RESPONSE',
  'VETO',
  'BROADCAST',
  'HEARTBEAT',
]);
const names: ReadonlySet<string> = new Set([
  'id',
  'from',
  'to',
  'type',
  'subject',
  'payload',
  'ts',
  'nonce',
  'ttl',
  'sig',
]);
const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|\+00:00)$/;
const encoder = new TextEncoder();

const matches = (value: unknown, pattern: RegExp): value is string =>
  typeof value === 'string' && pattern.test(value);

/** Tells whether a value is a message id: a UUID of version 4. */
export const isMessageId = (value: unknown): value is string => matches(value, uuid4);

/** Tells whether a value is a type of message. */
export const isMessageType = (value: unknown): value is MessageType => types.has(value);

/** Tells whether a value is a subject: kebab-case, at most 64 characters. */
export const isSubject = (value: unknown): value is string =>
  matches(value, kebab) && value.length <= envelopeLimits.subjectLength;

/** Tells whether a value is a ttl: whole seconds, 1 to 3,600. */
export const isTtl = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= envelopeLimits.maxTtl;

/** Tells whether a payload says which request it answers, as that of a RESPONSE must. */
export const answersRequest = (payload: Readonly<Record<string, unknown>>): boolean =>
  matches(payload['request_id'], /^.{1,128}$/s);

/** SHA-256 of a text's UTF-8 bytes, lower-case hex. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The length of a text in UTF-8 bytes. */
export const byteLength = (text: string): number => encoder.encode(text).length;

function scan(text: string): ScannedObject | undefined {
  try {
    // The payload's own depth, and one for the envelope around it
    return scanJsonObject(text, { maxDepth: envelopeLimits.payloadDepth + 1 });
  } catch {
    return undefined;
  }
}

function isEnvelope(value: Readonly<Record<string, unknown>>): boolean {
  const { id, from, to, type, subject, payload, ts, nonce, ttl, sig } = value;
  return (
    Object.keys(value).every((name) => names.has(name)) &&
    isMessageId(id) &&
    (from === undefined || isAgentId(from)) &&
    (to === '*' || isAgentId(to)) &&
    isMessageType(type) &&
    isSubject(subject) &&
    isRecord(payload) &&
    (type !== 'RESPONSE' || answersRequest(payload)) &&
    matches(ts, instant) &&
    !Number.isNaN(Date.parse(ts)) &&
    matches(nonce, /^[0-9a-f]{16}$/i) &&
    (ttl === undefined || isTtl(ttl)) &&
    matches(sig, /^[0-9a-f]{64}$/)
  );
}

/**
 * Reads a message as it arrived: size, strict JSON, members, and the digest over the payload's
 * exact bytes.
 *
 * Does not check time, sender or nonce: the bus did, and its answer says who the sender is.
 */
export async function readEnvelope(text: string): Promise<Result<Envelope, ErrorCode>> {
  const refuse = (error: ErrorCode): Result<never, ErrorCode> => ({ ok: false, error });
  if (text.length > envelopeLimits.messageBytes || byteLength(text) > envelopeLimits.messageBytes) {
    return refuse('message_too_large');
  }
  const scanned = scan(text);
  const span = scanned?.spans.get('payload');
  if (scanned === undefined || span === undefined || !isEnvelope(scanned.value)) {
    return refuse('message_malformed');
  }
  const payload = text.slice(...span);
  if (byteLength(payload) > envelopeLimits.payloadBytes) return refuse('message_too_large');
  if ((await sha256Hex(payload)) !== scanned.value['sig']) return refuse('message_integrity');
  return { ok: true, value: scanned.value as unknown as Envelope };
}

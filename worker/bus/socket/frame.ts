// The frames of a bus socket: the strict reading of what a client writes, and the text of what it is answered.

import { scanJsonObject, type ErrorCode, type Result } from '../../../src/verify/index.ts';
import type { Delivery } from '../bus.ts';
import { deliveryJson } from '../delivery_json.ts';
import { envelopeLimits, isMessageId } from '../envelope.ts';

/** A frame of a client's whose form is right. */
export type ClientFrame =
  | { readonly type: 'publish'; readonly ref: string; readonly message: Uint8Array }
  | { readonly type: 'receive'; readonly max: number }
  | { readonly type: 'subscribe'; readonly subjects: readonly string[] }
  | { readonly type: 'ack'; readonly ids: readonly string[] }
  | {
      readonly type: 'reauth';
      readonly token: string;
      readonly proof: string | undefined;
      readonly delegation: string | undefined;
    };

/** Why a socket ends, by the code that it closes with. */
export const closeCodes = { protocol: 4400, expired: 4401, revoked: 4403, tooFast: 4429 } as const;

/** Room for what stands around a message, beside the message itself. */
const frameBytes = envelopeLimits.messageBytes + 1024;
/** The envelope's own depth, and one for the frame around it. */
const maxDepth = envelopeLimits.payloadDepth + 2;
const atMost = { max: 100, subjects: 32, ids: 100 } as const;

const encoder = new TextEncoder();
const refPattern = /^[^\p{Cc}]{1,128}$/u;
// As the envelope's subject, or what one begins with
const subjectPattern = /^(?:\*|[a-z0-9]+(?:-[a-z0-9]+)*|[a-z0-9]+(?:-[a-z0-9]+)*-?\*)$/;

/** Tells whether a text names subjects, as a subscription does. */
export function isSubjectPattern(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= envelopeLimits.subjectLength &&
    subjectPattern.test(value)
  );
}

type Members = Readonly<Record<string, unknown>>;
type Reader = (members: Members, part: (name: string) => string) => ClientFrame | undefined;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isListOf = <T>(
  value: unknown,
  limit: number,
  isOne: (item: unknown) => item is T,
): value is readonly T[] => Array.isArray(value) && value.length <= limit && value.every(isOne);

/** By type: the members that a frame has, and how it is read. */
const readers: Readonly<Record<string, readonly [members: readonly string[], read: Reader]>> = {
  publish: [
    ['ref', 'message'],
    ({ ref, message }, part) =>
      isText(ref) && refPattern.test(ref) && typeof message === 'object' && message !== null
        ? { type: 'publish', ref, message: encoder.encode(part('message')) }
        : undefined,
  ],
  receive: [
    ['max'],
    ({ max }) =>
      Number.isInteger(max) && Number(max) >= 1 && Number(max) <= atMost.max
        ? { type: 'receive', max: Number(max) }
        : undefined,
  ],
  subscribe: [
    ['subjects'],
    ({ subjects }) =>
      isListOf(subjects, atMost.subjects, isSubjectPattern)
        ? { type: 'subscribe', subjects }
        : undefined,
  ],
  ack: [
    ['ids'],
    ({ ids }) =>
      isListOf(ids, atMost.ids, isMessageId)
        ? { type: 'ack', ids: ids.map((id) => id.toLowerCase()) }
        : undefined,
  ],
  reauth: [
    ['token', 'proof', 'delegation'],
    ({ token, proof, delegation }) =>
      isText(token) &&
      (proof === undefined || isText(proof)) &&
      (delegation === undefined || isText(delegation))
        ? { type: 'reauth', token, proof, delegation }
        : undefined,
  ],
};

const refuse = (error: ErrorCode): Result<never, ErrorCode> => ({ ok: false, error });

/** Reads a frame: size, strict JSON, exactly the members of its type. Not the message in it. */
export function readFrame(data: string | ArrayBuffer): Result<ClientFrame, ErrorCode> {
  if (typeof data !== 'string') return refuse('message_malformed');
  // A character takes one byte at least: what is far too long is not measured
  if (data.length > frameBytes || encoder.encode(data).length > frameBytes) {
    return refuse('message_too_large');
  }
  let scanned: ReturnType<typeof scanJsonObject>;
  try {
    scanned = scanJsonObject(data, { maxDepth });
  } catch {
    return refuse('message_malformed');
  }
  const { type, ...members } = scanned.value;
  const found =
    typeof type === 'string' && Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (found === undefined) return refuse('message_malformed');
  const [known, read] = found;
  const isKnown = Object.keys(members).every((name) => known.includes(name));
  const frame = read(members, (name) => data.slice(...(scanned.spans.get(name) ?? [0, 0])));
  return isKnown && frame !== undefined ? { ok: true, value: frame } : refuse('message_malformed');
}

/** The text of the frames that a client gets. */
export const serverFrames = {
  accepted: (ref: string, id: string): string => JSON.stringify({ type: 'accepted', ref, id }),
  message: (delivery: Delivery): string => `{"type":"message",${deliveryJson(delivery).slice(1)}`,
  reauthed: (expiresAt: number): string =>
    JSON.stringify({ type: 'reauthed', expires_at: expiresAt }),
  error: (code: ErrorCode, ref?: string): string => JSON.stringify({ type: 'error', ref, code }),
} as const;

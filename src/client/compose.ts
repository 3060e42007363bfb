// Composes an envelope: the caller's parts checked, the rest made here, as the exact text to send.

import { checkOptionNames } from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';
import { isAgentId } from '../token/identity.ts';
import { parseJson } from '../token/json.ts';
import { isRecord } from '../token/shape.ts';
import {
  answersRequest,
  byteLength,
  envelopeLimits,
  isMessageId,
  isMessageType,
  isSubject,
  isTtl,
  sha256Hex,
  type MessageType,
} from './envelope.ts';

/** The parts of a message that its sender chooses. */
export interface MessageParts {
  /** An agent id, or `*` for everybody. */
  readonly to: string;
  readonly type: MessageType;
  /** Kebab-case, at most 64 characters. */
  readonly subject: string;
  /** A JSON object of at most 14,336 bytes. A RESPONSE has `request_id` in it. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Seconds in which it is delivered, 1 to 3,600. Left out: 300. */
  readonly ttl?: number;
  /** Left out, the bus says who sent it. Anything but one's own id takes `bus:represent`. */
  readonly from?: string;
  /** A UUID of version 4. Left out: a new one. */
  readonly id?: string;
}

/** A message that is ready to be sent, as often as it takes. */
export interface Composed {
  readonly id: string;
  readonly text: string;
}

const partNames = ['to', 'type', 'subject', 'payload', 'ttl', 'from', 'id'];

/** What is wrong with the parts, if anything is. */
function faultOf({ to, type, subject, payload, ttl, from, id }: MessageParts): string | undefined {
  if (to !== '*' && !isAgentId(to)) return '"to" must be an agent id or "*"';
  if (!isMessageType(type)) return '"type" must be one of the message types';
  if (!isSubject(subject)) return '"subject" must be kebab-case of at most 64 characters';
  if (!isRecord(payload)) return '"payload" must be an object';
  if (type === 'RESPONSE' && !answersRequest(payload)) {
    return '"payload" of a RESPONSE must have a "request_id"';
  }
  if (ttl !== undefined && !isTtl(ttl)) return '"ttl" must be 1 to 3,600 whole seconds';
  if (from !== undefined && !isAgentId(from)) return '"from" must be an agent id';
  if (id !== undefined && !isMessageId(id)) return '"id" must be a UUID of version 4';
  return undefined;
}

/** The payload as JSON text that a strict reader takes. */
function payloadText(payload: Readonly<Record<string, unknown>>): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(payload);
    parseJson(text, { maxDepth: envelopeLimits.payloadDepth });
  } catch (cause) {
    throw new TypeError('"payload" must be well-formed JSON, at most 32 levels deep', { cause });
  }
  if (byteLength(text) > envelopeLimits.payloadBytes) throw new TokenError('message_too_large');
  return text;
}

function newNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Composes a message.
 *
 * @param now milliseconds since the epoch
 * @throws TypeError for a part that no bus accepts; TokenError `message_too_large`
 */
export async function compose(parts: MessageParts, now: number): Promise<Composed> {
  checkOptionNames('send', parts, partNames);
  const fault = faultOf(parts);
  if (fault !== undefined) throw new TypeError(fault);
  const { to, type, subject, ttl, from, id = crypto.randomUUID() } = parts;
  const payload = payloadText(parts.payload);
  const before = JSON.stringify({ id, from, to, type, subject });
  const after = JSON.stringify({
    ts: new Date(now).toISOString(),
    nonce: newNonce(),
    ttl,
    sig: await sha256Hex(payload),
  });
  // The digest is over these very bytes, so that the payload is written once
  const text = `${before.slice(0, -1)},"payload":${payload},${after.slice(1)}`;
  if (byteLength(text) > envelopeLimits.messageBytes) throw new TokenError('message_too_large');
  return { id, text };
}

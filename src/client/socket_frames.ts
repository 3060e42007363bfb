// The frames of a bus socket: what a client writes, and the strict reading of what a server writes.

import { TokenError } from '../errors/token_error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { scanJsonObject } from '../token/json.ts';
import { isFiniteNumber } from '../token/shape.ts';
import type { AccessToken } from './access_token.ts';
import type { Delivery } from './bus_transport.ts';
import { besideBytes, deliveryDepth, readDelivery } from './delivery.ts';
import { envelopeLimits, isMessageId } from './envelope.ts';
import { isErrorCode } from './refusal_code.ts';

/** The one subprotocol that a server selects. */
export const socketProtocol = 'swarmbus.v1';

/** How a socket ends, by the code it closes with. */
export const closeCodes = {
  normal: 1000,
  abnormal: 1006,
  protocol: 4400,
  expired: 4401,
  revoked: 4403,
  tooFast: 4429,
} as const;

/** A frame of the server's. */
export type ServerFrame =
  | { readonly type: 'accepted'; readonly ref: string; readonly id: string }
  | { readonly type: 'message'; readonly delivery: Delivery }
  | { readonly type: 'reauthed'; readonly expiresAt: number }
  | { readonly type: 'error'; readonly ref: string | undefined; readonly code: ErrorCode }
  /** Of a type that came later than this client. */
  | { readonly type: 'unknown' };

/** The envelope's exact text becomes part of the frame: nothing is written anew. */
export const publishFrame = (ref: string, text: string): string =>
  `{"type":"publish","ref":${JSON.stringify(ref)},"message":${text}}`;

/** Asks for a sign of life. The gateway answers these very bytes without waking up. */
export const pingFrame = '{"type":"ping"}';

/** Asks for so many messages more. */
export const receiveFrame = (max: number): string => JSON.stringify({ type: 'receive', max });

/** Removes delivered messages. */
export const ackFrame = (ids: readonly string[]): string => JSON.stringify({ type: 'ack', ids });

/** From now on only messages of these subjects. */
export const subscribeFrame = (subjects: readonly string[]): string =>
  JSON.stringify({ type: 'subscribe', subjects });

/** Another token for the same socket, with a proof where it is bound. */
export function reauthFrame({ token, delegation }: AccessToken, proof: string | undefined): string {
  return JSON.stringify({ type: 'reauth', token, proof, delegation });
}

// RFC 9110 section 5.6.2: what a subprotocol may be made of; RFC 6455 section 4.1 refers to it
const protocolText = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/**
 * The subprotocols that carry a token, its proof and its hops: browsers can send no header.
 *
 * @returns `undefined` for a token that does not fit into one
 */
export function credentialProtocols(
  { scheme, token, delegation = '' }: AccessToken,
  proof: string | undefined,
): string[] | undefined {
  const hops = delegation.split(',').map((hop) => hop.trim());
  const carried = [
    `${scheme.toLowerCase()}.${token}`,
    ...(proof === undefined ? [] : [`proof.${proof}`]),
    ...hops.filter((hop) => hop !== '').map((hop) => `delegation.${hop}`),
  ];
  return carried.every((each) => protocolText.test(each))
    ? [socketProtocol, ...carried]
    : undefined;
}

const maxFrame = envelopeLimits.messageBytes + besideBytes;
const maxRef = 64;

/**
 * Reads a frame.
 *
 * @throws TokenError `upstream_invalid` for what is no frame of the protocol's
 */
export function readFrame(data: unknown): ServerFrame {
  try {
    if (typeof data !== 'string' || data.length > maxFrame) throw new Error('No text of that size');
    return frameOf(data);
  } catch (cause) {
    throw new TokenError('upstream_invalid', { cause });
  }
}

function frameOf(text: string): ServerFrame {
  const scanned = scanJsonObject(text, { maxDepth: deliveryDepth });
  const { type, ref, id, code, expires_at: expiresAt } = scanned.value;
  switch (type) {
    case 'accepted':
      if (isRef(ref) && isMessageId(id)) return { type, ref, id };
      break;
    case 'message':
      return { type, delivery: readDelivery(text, scanned) };
    case 'reauthed':
      if (isFiniteNumber(expiresAt)) return { type, expiresAt };
      break;
    case 'error':
      // A code that came later than this client is a refusal all the same
      if (ref === undefined || isRef(ref)) {
        return { type, ref, code: isErrorCode(code) ? code : 'upstream_invalid' };
      }
      break;
    default:
      if (typeof type === 'string') return { type: 'unknown' };
  }
  throw new Error('A frame lacks a member');
}

const isRef = (ref: unknown): ref is string => typeof ref === 'string' && ref.length <= maxRef;

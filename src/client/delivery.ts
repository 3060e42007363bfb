// A delivery as the bus writes it, in an answer or in a frame: what stands beside the exact message.

import { isAgentId } from '../token/identity.ts';
import { scanJsonObject, type ScannedObject } from '../token/json.ts';
import { isFiniteNumber } from '../token/shape.ts';
import type { Delivery } from './bus_transport.ts';
import { envelopeLimits } from './envelope.ts';

/** Room for what stands beside a message, in bytes. */
export const besideBytes = 4096;
/** The payload's own depth, and what is around it. */
export const deliveryDepth: number = envelopeLimits.payloadDepth + 4;

/**
 * Reads a delivery's members; the message in it stays as it is: its exact text is what is digested.
 *
 * @throws Error, without what was read, for a member that is missing or wrong
 */
export function readDelivery(text: string, { value, spans }: ScannedObject): Delivery {
  const { sender, via, lease_until: leaseUntil } = value;
  const span = spans.get('message');
  const isWhole = isAgentId(sender) && isFiniteNumber(leaseUntil) && span !== undefined;
  if (!isWhole || !Array.isArray(via) || !via.every(isAgentId)) {
    throw new Error('A delivery lacks a member');
  }
  return { sender, via, leaseUntil, text: text.slice(...span) };
}

/** Reads a delivery that stands alone. @throws as readDelivery; SyntaxError */
export function scanDelivery(text: string): Delivery {
  return readDelivery(text, scanJsonObject(text, { maxDepth: deliveryDepth }));
}

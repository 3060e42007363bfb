// A delivery as JSON text, over HTTP and over sockets.

import type { Delivery } from './bus.ts';

/** Embeds a message as it was sent: parsing and writing it again could change its bytes. */
export function deliveryJson({ leaseUntil, sender, via, body }: Delivery): string {
  const beside = JSON.stringify({ lease_until: Math.floor(leaseUntil / 1000), sender, via });
  return `${beside.slice(0, -1)},"message":${body}}`;
}

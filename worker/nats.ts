// The Worker with the bus on NATS: the same gateway and classes, and the object that connects to NATS.

import { createGateway, type Gateway } from './gateway/gateway.ts';
import { createLinkedCarrier } from './bus/nats/object.ts';

export * from './index.ts';
export { NatsLink } from './bus/nats/object.ts';

const gateway: Gateway = createGateway({ nats: createLinkedCarrier });

export default gateway;

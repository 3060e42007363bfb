// The Worker: the gateway as the default export, and the Durable Object classes that it needs.

import { createGateway, type Gateway } from './gateway/gateway.ts';

export { Agent } from './authority/agent/agent.ts';
export { KeyRing } from './authority/keys/key_ring.ts';
export { RevocationLog } from './authority/revoke/revocation_log.ts';
export { StatusLists } from './authority/status/status_lists.ts';
export { Connections } from './bus/connections.ts';
export { Directory } from './directory.ts';
export { Mailbox } from './bus/mailbox.ts';
export { NatsLink } from './bus/nats/absent.ts';
export { Outbox } from './bus/outbox.ts';
export { AuditLog } from './observe/audit_log.ts';

const gateway: Gateway = createGateway();

export default gateway;

// `swarmgate/gateway`: the gateway for a Worker of one's own, and the object classes that it exports.

import type { RevocationSource } from '../src/verify/index.ts';
import { Agent as AgentObject } from './authority/agent/agent.ts';
import { KeyRing as KeyRingObject } from './authority/keys/key_ring.ts';
import { RevocationLog as RevocationLogObject } from './authority/revoke/revocation_log.ts';
import { StatusLists as StatusListsObject } from './authority/status/status_lists.ts';
import { Connections as ConnectionsObject } from './bus/connections.ts';
import { Directory as DirectoryObject } from './directory.ts';
import { Mailbox as MailboxObject } from './bus/mailbox.ts';
import { NatsLink as NatsLinkObject } from './bus/nats/absent.ts';
import { Outbox as OutboxObject } from './bus/outbox.ts';
import { createGateway as create } from './gateway/gateway.ts';
import { AuditLog as AuditLogObject } from './observe/audit_log.ts';

/** The default export of a Worker, or what its own `fetch` passes requests on to. */
export interface Gateway {
  /** Answers one request; `env` has the variables and bindings of wrangler.toml. */
  fetch(request: Request, env: unknown): Promise<Response>;
}

/** What a Worker that mounts the gateway may add to it. */
export interface GatewayOptions {
  /** Where revocation is looked up, in place of the authority's own log and of trusted feeds. */
  readonly revocation?: RevocationSource;
}

/**
 * Makes the gateway.
 *
 * Its variables are read at the first request; as long as one is wrong it answers nothing but 503,
 * and a log line names the variable. The Worker must export the Durable Object classes below too.
 *
 * @param options what differs from the gateway as it is deployed
 * @returns the handler
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  return create(options);
}

/** A Durable Object class, for the runtime alone: its methods are not public. */
export type GatewayObject = new (state: never, env: never) => object;

/** One agent: registration, sessions, what was used once, rate buckets. */
export const Agent: GatewayObject = AgentObject;
/** Decisions, chained by hashes. */
export const AuditLog: GatewayObject = AuditLogObject;
/** Which socket hangs on which token. */
export const Connections: GatewayObject = ConnectionsObject;
/** What is listed: agents, mailboxes. */
export const Directory: GatewayObject = DirectoryObject;
/** The signing keys. */
export const KeyRing: GatewayObject = KeyRingObject;
/** Queued messages and sockets of one recipient. */
export const Mailbox: GatewayObject = MailboxObject;
/** The link to NATS: without it here, as in the gateway that is deployed. */
export const NatsLink: GatewayObject = NatsLinkObject;
/** One broadcast. */
export const Outbox: GatewayObject = OutboxObject;
/** What is revoked, numbered. */
export const RevocationLog: GatewayObject = RevocationLogObject;
/** The public status lists. */
export const StatusLists: GatewayObject = StatusListsObject;

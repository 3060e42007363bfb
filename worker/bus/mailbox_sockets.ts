// The sockets of one mailbox: how one opens, what wakes them, and when the object has to look again.

import { TokenError, type VerifiedAgent } from '../../src/verify/index.ts';
import { socketHost } from '../gateway/socket_host.ts';
import type { Schema } from '../storage/schema.ts';
import type { MailboxStore } from './mailbox_store.ts';
import { createSocketLeaseStore } from './socket/lease_store.ts';
import { createSocketPump } from './socket/pump.ts';
import {
  createSocketRegistry,
  expiryTolerance,
  type RegistryEnv,
  type SocketRegistry,
} from './socket/registry.ts';
import { createSocketSessions, type SocketSessions } from './socket/session.ts';
import { fullWindow, keepState, type SocketToken } from './socket/state.ts';

/** What the sockets work with. */
export interface MailboxSocketsOptions {
  readonly ctx: DurableObjectState;
  readonly env: RegistryEnv;
  readonly store: MailboxStore;
  readonly schema: Schema;
  /** Called when messages are there again that a socket held. */
  readonly onReleased: () => void;
}

/** The sockets of one mailbox's object. */
export interface MailboxSockets {
  /**
   * Opens a socket for a token that was presented to the gateway.
   *
   * @returns the client's end
   * @throws TokenError where the token is not good any more, or there is no room
   */
  open(mailbox: string, presented: SocketToken): Promise<WebSocket>;
  readonly receive: SocketSessions['receive'];
  readonly end: SocketRegistry['end'];
  readonly revoke: SocketRegistry['revoke'];
  /** Whether there are sockets. */
  isOpen(): boolean;
  /** Pushes what there is. Never rejects. */
  push(): Promise<void>;
  /** Looks at every token again, then pushes. Never rejects. */
  look(): Promise<void>;
  /** When to look again, in milliseconds since the epoch; `undefined` without sockets. */
  nextLook(now: number): number | undefined;
}

/** Sockets in one mailbox. */
const maxSockets = 32;
/** Those included that were closed here, and whose clients have not let go: nothing else ends them. */
const maxConnections = 64;
const lookEvery = 30_000;

const mayUse = ({ scope }: VerifiedAgent): boolean =>
  scope.some((held) => /^bus:(?:publish|receive)(?:$|:)/.test(held));

/** Makes the sockets of a mailbox's object, which may have been asleep. */
export function createMailboxSockets(options: MailboxSocketsOptions): MailboxSockets {
  const { ctx, env, store, schema, onReleased } = options;
  const leases = createSocketLeaseStore(ctx.storage.sql, schema);
  const host = () => socketHost(env);
  let opening = 0;
  const registry = createSocketRegistry({
    ctx,
    env,
    host,
    onEnd({ id }) {
      leases.release(id, Date.now());
      onReleased();
    },
  });
  const pump = createSocketPump({ registry, store, leases });
  const sessions = createSocketSessions({ registry, pump, leases, host });
  ctx.setWebSocketAutoResponse(
    new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'),
  );
  // Of sockets that went with an earlier life of this object nobody will tell
  leases.releaseOthers(
    registry.open().map(({ state }) => state.id),
    Date.now(),
  );

  async function accept(mailbox: string, presented: SocketToken): Promise<WebSocket> {
    const agent = await (await host()).inspect(presented);
    if (!mayUse(agent)) throw new TokenError('scope_insufficient');
    const connection = await registry.register(agent, mailbox);
    const { 0: client, 1: server } = new WebSocketPair();
    const id = crypto.randomUUID();
    // Nothing is awaited since the last look at revocations: what comes now finds the socket open
    ctx.acceptWebSocket(server, [id]);
    const { token, delegation } = presented;
    keepState(server, {
      id,
      connection,
      mailbox,
      token,
      delegation,
      expiresAt: agent.expiresAt,
      subjects: [],
      credit: 0,
      window: fullWindow,
    });
    return client;
  }

  return {
    async open(mailbox, presented) {
      const isFull =
        registry.open().length + opening >= maxSockets ||
        ctx.getWebSockets().length + opening >= maxConnections;
      if (isFull) throw new TokenError('rate_limited');
      opening++;
      try {
        return await accept(mailbox, presented);
      } finally {
        opening--;
      }
    },

    receive: sessions.receive,
    end: registry.end,
    revoke: registry.revoke,
    isOpen: () => registry.open().length > 0,

    push: () => pump.run(),

    async look() {
      await registry.recheck();
      await pump.run();
    },

    nextLook(now) {
      const open = registry.open();
      if (open.length === 0) return undefined;
      const ends = open.map(({ state }) => (state.expiresAt + expiryTolerance) * 1000);
      const due = pump.nextRun(now) ?? Infinity;
      return Math.max(now, Math.min(now + lookEvery, due, ...ends));
    },
  };
}

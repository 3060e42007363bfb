// Which sockets a mailbox has, what they hang on, and how they end: by expiry, revocation, or the client.

import { TokenError, type ErrorCode, type VerifiedAgent } from '../../../src/verify/index.ts';
import type { RevocationLog } from '../../authority/revoke/revocation_log.ts';
import type { SocketHost } from '../../gateway/socket_host.ts';
import { hashesOf } from '../connection_names.ts';
import { connectionsOf, type Connections } from '../connections.ts';
import { closeCodes } from './frame.ts';
import { stateOf, type SocketState } from './state.ts';

/** The objects that know of sockets and of what ends them. */
export interface RegistryEnv {
  readonly CONNECTIONS: DurableObjectNamespace<Connections>;
  readonly REVOCATION_LOG: DurableObjectNamespace<RevocationLog>;
}

/** What the registry works with. */
export interface RegistryOptions {
  readonly ctx: DurableObjectState;
  readonly env: RegistryEnv;
  readonly host: () => Promise<SocketHost>;
  /** Called when a socket is no longer one of this mailbox's. */
  readonly onEnd: (state: SocketState) => void;
}

/** A socket that is open, with its state. */
export interface OpenSocket {
  readonly socket: WebSocket;
  readonly state: SocketState;
}

/** The sockets of one mailbox. */
export interface SocketRegistry {
  open(): readonly OpenSocket[];
  /**
   * Registers what a token hangs on, then asks what was revoked meanwhile.
   *
   * @returns the name of the registration
   * @throws TokenError where it is not good any more, or cannot be registered
   */
  register(agent: VerifiedAgent, mailbox: string): Promise<string>;
  /** Ends a registration that no socket, or another one, stands for. */
  unregister(connection: string, mailbox: string): void;
  /** The agent of a socket, if its token is still good; a socket whose token is not is closed. */
  agentOf(open: OpenSocket): Promise<VerifiedAgent>;
  close(open: OpenSocket, code: number, reason: ErrorCode): void;
  /** Ends what a socket had, once, whoever closed it. */
  end(socket: WebSocket): void;
  /** Closes the sockets of these registrations, also those that are not open yet. */
  revoke(connections: readonly string[]): void;
  /** Verifies every socket's token again. */
  recheck(): Promise<void>;
}

/** The verifier's own tolerance: until then a token is taken. Seconds. */
export const expiryTolerance = 5;
/** A registration outlives its socket's last moment: the mailbox closes it before. Seconds. */
const keepBeyond = 60;

const isUnavailable = (error: unknown): boolean =>
  error instanceof TokenError && error.status >= 500;

/** Makes the registry of one mailbox's object. */
export function createSocketRegistry(options: RegistryOptions): SocketRegistry {
  const { ctx, env, host, onEnd } = options;
  /** Registered, and not yet open: whether they were revoked in between. */
  const pending = new Map<string, { revoked: boolean }>();
  const ended = new WeakSet<WebSocket>();

  async function isRevokedNow(agent: VerifiedAgent, log: string | undefined): Promise<boolean> {
    if (log === undefined) return false;
    return env.REVOCATION_LOG.getByName(log).covers(await hashesOf(agent.identities));
  }

  async function confirm(connection: string, agent: VerifiedAgent, mailbox: string): Promise<void> {
    const { log, isPolled } = await host();
    const { shard, stub } = connectionsOf(env.CONNECTIONS, mailbox);
    const expiresAt = agent.expiresAt + expiryTolerance + keepBeyond;
    const polled = agent.identities.some(({ issuer }) => isPolled(issuer));
    const { identities } = agent;
    await stub.register({ id: connection, mailbox, identities, expiresAt, polled }, shard, log);
    if (await isRevokedNow(agent, log)) throw new TokenError('token_revoked');
  }

  const registry: SocketRegistry = {
    open: () =>
      ctx.getWebSockets().flatMap((socket) => {
        const state = stateOf(socket);
        return state === undefined ? [] : [{ socket, state }];
      }),

    async register(agent, mailbox) {
      const connection = crypto.randomUUID();
      const entry = { revoked: false };
      pending.set(connection, entry);
      try {
        await confirm(connection, agent, mailbox);
        if (entry.revoked) throw new TokenError('token_revoked');
        return connection;
      } catch (error) {
        registry.unregister(connection, mailbox);
        throw error instanceof TokenError
          ? error
          : new TokenError('revocation_unavailable', { cause: error });
      } finally {
        pending.delete(connection);
      }
    },

    unregister(connection, mailbox) {
      const { stub } = connectionsOf(env.CONNECTIONS, mailbox);
      // A registration that stays is harmless, and goes with its token
      ctx.waitUntil(stub.unregister([connection]).catch(() => undefined));
    },

    async agentOf(open) {
      try {
        return await (await host()).inspect(open.state);
      } catch (error) {
        const state = stateOf(open.socket);
        // Renewed meanwhile: what the old token has come to says nothing of the new one
        if (state !== undefined && state.connection !== open.state.connection) {
          return registry.agentOf({ socket: open.socket, state });
        }
        if (!isUnavailable(error)) {
          const reason = error instanceof TokenError ? error.code : 'token_revoked';
          const isOver = reason === 'token_expired';
          registry.close(open, isOver ? closeCodes.expired : closeCodes.revoked, reason);
        }
        throw error;
      }
    },

    close({ socket }, code, reason) {
      registry.end(socket);
      try {
        socket.close(code, reason);
      } catch {
        // Closed already
      }
    },

    end(socket) {
      if (ended.has(socket)) return;
      ended.add(socket);
      const state = socket.deserializeAttachment() as SocketState | null;
      if (state === null) return;
      registry.unregister(state.connection, state.mailbox);
      onEnd(state);
    },

    revoke(connections) {
      const named = new Set(connections);
      for (const id of named) {
        const entry = pending.get(id);
        if (entry !== undefined) entry.revoked = true;
      }
      for (const each of registry.open()) {
        if (named.has(each.state.connection)) {
          registry.close(each, closeCodes.revoked, 'token_revoked');
        }
      }
    },

    async recheck() {
      await Promise.allSettled(
        registry.open().map(async (each) => {
          if (Date.now() < (each.state.expiresAt + expiryTolerance) * 1000) {
            await registry.agentOf(each);
          } else registry.close(each, closeCodes.expired, 'token_expired');
        }),
      );
    },
  };
  return registry;
}

// Runs the frames of a socket: each by a token that is still good, within its scope and its rate.

import {
  covers,
  TokenError,
  type ErrorCode,
  type VerifiedAgent,
} from '../../../src/verify/index.ts';
import type { SocketHost } from '../../gateway/socket_host.ts';
import { createTurns, type Turns } from '../../turns.ts';
import { receiveScopes, representScope } from '../represent.ts';
import {
  closeCodes,
  isSubjectPattern,
  readFrame,
  serverFrames,
  type ClientFrame,
} from './frame.ts';
import type { SocketLeaseStore } from './lease_store.ts';
import type { SocketPump } from './pump.ts';
import { createFrameRate } from './rate.ts';
import type { OpenSocket, SocketRegistry } from './registry.ts';
import { fullWindow, keepState, stateOf, type SocketState } from './state.ts';

/** What sessions work with. */
export interface SessionOptions {
  readonly registry: SocketRegistry;
  readonly pump: SocketPump;
  readonly leases: SocketLeaseStore;
  readonly host: () => Promise<SocketHost>;
}

/** Takes what clients write. */
export interface SocketSessions {
  receive(socket: WebSocket, data: string | ArrayBuffer): Promise<void>;
}

/** What a frame takes out of the socket's bucket, and what one with signatures, or in vain, takes beyond. */
const costs = { any: 1, reauth: 49, refused: 9 } as const;

/**
 * Refuses another token than one of the same agent that grants no more: who a socket is never
 * changes, and what it may do never grows.
 *
 * @throws TokenError `sender_mismatch`, `scope_insufficient`, `tier_insufficient`, `proof_required`
 */
function checkRenewal(old: VerifiedAgent, fresh: VerifiedAgent): void {
  const isSame =
    fresh.agentId === old.agentId &&
    fresh.subjectId === old.subjectId &&
    fresh.issuer === old.issuer;
  if (!isSame) throw new TokenError('sender_mismatch');
  if (old.jkt !== undefined && fresh.jkt === undefined) throw new TokenError('proof_required');
  const { tiers } = old;
  if (tiers.indexOf(fresh.tier) > tiers.indexOf(old.tier)) {
    throw new TokenError('tier_insufficient');
  }
  const isCovered = fresh.scope.every((scope) => old.scope.some((held) => covers(held, scope)));
  if (!isCovered) throw new TokenError('scope_insufficient');
}

/** The subjects that an agent may receive: of what it was sent it may acknowledge these. */
function receivable({ scope }: VerifiedAgent): readonly string[] {
  if (scope.includes('bus:receive')) return ['*'];
  return scope
    .filter((held) => held.startsWith('bus:receive:'))
    .map((held) => held.slice('bus:receive:'.length))
    .filter(isSubjectPattern);
}

/** Makes the sessions of one mailbox. */
export function createSocketSessions(options: SessionOptions): SocketSessions {
  const { registry, pump, leases, host } = options;
  const rate = createFrameRate();
  const turns = new WeakMap<WebSocket, Turns>();

  function turnsOf(socket: WebSocket): Turns {
    const found = turns.get(socket) ?? createTurns();
    turns.set(socket, found);
    return found;
  }

  function change(socket: WebSocket, changes: Partial<SocketState>): void {
    const state = stateOf(socket);
    if (state !== undefined) keepState(socket, { ...state, ...changes });
  }

  async function renew(
    { socket, state }: OpenSocket,
    old: VerifiedAgent,
    { token, proof, delegation }: Extract<ClientFrame, { type: 'reauth' }>,
  ): Promise<number> {
    const scheme = proof === undefined ? 'Bearer' : 'DPoP';
    const credential = { scheme, token, proof, delegation } as const;
    const fresh = await (
      await host()
    ).present(credential, (agent) => {
      checkRenewal(old, agent);
      representScope(agent, state.mailbox);
    });
    const connection = await registry.register(fresh, state.mailbox);
    const current = stateOf(socket);
    // Closed meanwhile, or renewed by another frame: this one then ends what it began
    if (current === undefined || current.connection !== state.connection) {
      registry.unregister(connection, state.mailbox);
      throw new TokenError('bus_unavailable');
    }
    registry.unregister(current.connection, state.mailbox);
    keepState(socket, { ...current, connection, token, delegation, expiresAt: fresh.expiresAt });
    return fresh.expiresAt;
  }

  async function run(open: OpenSocket, frame: ClientFrame): Promise<string | undefined> {
    const { socket, state } = open;
    const agent = await registry.agentOf(open);
    const { allow, publish } = await host();
    switch (frame.type) {
      case 'publish': {
        const id = await publish(agent, frame.message);
        return serverFrames.accepted(frame.ref, id);
      }
      case 'receive':
        await allow(agent, receiveScopes(agent, state.mailbox), frame.type);
        change(socket, { credit: frame.max });
        break;
      case 'subscribe':
        for (const subject of frame.subjects) {
          await allow(agent, receiveScopes(agent, state.mailbox, subject), frame.type);
        }
        change(socket, { subjects: frame.subjects });
        break;
      case 'ack': {
        const subjects = receivable(agent);
        await allow(agent, representScope(agent, state.mailbox), frame.type);
        if (subjects.length === 0) throw new TokenError('scope_insufficient');
        if (leases.acknowledge(frame.ids, subjects) > 0) change(socket, { window: fullWindow });
        break;
      }
      case 'reauth':
        return serverFrames.reauthed(await renew(open, agent, frame));
    }
    return undefined;
  }

  function answer(socket: WebSocket, text: string): void {
    if (stateOf(socket) === undefined) return;
    try {
      socket.send(text);
    } catch {
      registry.end(socket);
    }
  }

  /** Runs a frame by the token that the socket has by now, and answers it. */
  async function serve(socket: WebSocket, frame: ClientFrame): Promise<void> {
    const state = stateOf(socket);
    if (state === undefined) return;
    const open: OpenSocket = { socket, state };
    try {
      const text = await run(open, frame);
      if (text !== undefined) answer(socket, text);
    } catch (error) {
      const code: ErrorCode = error instanceof TokenError ? error.code : 'bus_unavailable';
      answer(socket, serverFrames.error(code, frame.type === 'publish' ? frame.ref : undefined));
      const isAtFault = error instanceof TokenError && error.status < 500;
      if (isAtFault && !rate(socket, costs.refused, Date.now())) {
        registry.close(open, closeCodes.tooFast, 'rate_limited');
      }
    }
  }

  return {
    async receive(socket, data) {
      const state = stateOf(socket);
      if (state === undefined) return;
      const open: OpenSocket = { socket, state };
      const isWithin = (cost: number): boolean => rate(socket, cost, Date.now());
      if (!isWithin(costs.any)) return registry.close(open, closeCodes.tooFast, 'rate_limited');
      const frame = readFrame(data);
      if (!frame.ok) return registry.close(open, closeCodes.protocol, frame.error);
      const { value } = frame;
      if (value.type === 'reauth' && !isWithin(costs.reauth)) {
        return registry.close(open, closeCodes.tooFast, 'rate_limited');
      }
      // Messages need not wait for each other; what changes the socket happens as it was written
      if (value.type === 'publish') return serve(socket, value);
      await turnsOf(socket).take(() => serve(socket, value));
      await pump.run();
    },
  };
}

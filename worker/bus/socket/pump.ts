// Pushes a mailbox's messages to its sockets: leased, never more than a socket may hold unacknowledged.

import { covers, TokenError, type VerifiedAgent } from '../../../src/verify/index.ts';
import type { MailboxStore } from '../mailbox_store.ts';
import { receiveScopes } from '../represent.ts';
import { serverFrames } from './frame.ts';
import type { SocketLeaseStore } from './lease_store.ts';
import type { OpenSocket, SocketRegistry } from './registry.ts';
import { keepState, narrower, stateOf, type SocketState } from './state.ts';

/** What the pump works with. */
export interface PumpOptions {
  readonly registry: SocketRegistry;
  readonly store: MailboxStore;
  readonly leases: SocketLeaseStore;
}

/** The pump of one mailbox. */
export interface SocketPump {
  /** Pushes what there is to whoever wants it. Never rejects; one run at a time. */
  run(): Promise<void>;
  /** When it is to run again whatever happens, in milliseconds since the epoch. */
  nextRun(now: number): number | undefined;
}

/** Messages of one turn, so that several sockets share what there is. */
const atOnce = 10;
const tryAgainAfter = 1000;

const wants = ({ credit, subjects }: SocketState): boolean => credit > 0 || subjects.length > 0;

const mayReceive = (agent: VerifiedAgent, mailbox: string, subject?: string): boolean =>
  receiveScopes(agent, mailbox, subject).every((scope) =>
    agent.scope.some((held) => covers(held, scope)),
  );

/** Makes the pump. */
export function createSocketPump({ registry, store, leases }: PumpOptions): SocketPump {
  let running: Promise<void> | undefined;
  let again = false;
  let failedAt: number | undefined;

  /** Leases to a socket and sends, in one turn: what is leased is sent, or leased no more. */
  function fill({ socket }: OpenSocket, agent: VerifiedAgent): number {
    const state = stateOf(socket);
    if (state === undefined) return 0;
    const now = Date.now();
    const { id, mailbox, credit, subjects } = state;
    const window = leases.takeRunOut(id, now) ? narrower(state.window) : state.window;
    const room = Math.min(atOnce, window - leases.inFlight(id, now));
    const asked = mayReceive(agent, mailbox) ? Math.min(room, credit) : 0;
    const first = asked > 0 ? store.lease(asked, now, { socket: id }) : [];
    const allowed = subjects.filter((subject) => mayReceive(agent, mailbox, subject));
    const rest = allowed.length === 0 ? 0 : room - first.length;
    const second = rest > 0 ? store.lease(rest, now, { socket: id, subjects: allowed }) : [];
    keepState(socket, { ...state, window, credit: credit - first.length });
    try {
      for (const delivery of [...first, ...second]) socket.send(serverFrames.message(delivery));
    } catch {
      registry.end(socket);
      return 0;
    }
    return first.length + second.length;
  }

  async function serve(open: OpenSocket): Promise<number> {
    try {
      return fill(open, await registry.agentOf(open));
    } catch (error) {
      // Whoever cannot be confirmed gets nothing, and is asked about again
      if (error instanceof TokenError && error.status >= 500) failedAt = Date.now();
      return 0;
    }
  }

  async function runOnce(): Promise<void> {
    failedAt = undefined;
    for (;;) {
      const available = store.availableAt(Date.now());
      if (available === undefined || available > Date.now()) return;
      const waiting = registry.open().filter(({ state }) => wants(state));
      const sent = await Promise.all(waiting.map(serve));
      if (sent.every((count) => count === 0)) return;
    }
  }

  async function runAll(): Promise<void> {
    do {
      again = false;
      await runOnce();
    } while (again);
  }

  return {
    run() {
      if (running === undefined) {
        running = runAll().finally(() => (running = undefined));
      } else again = true;
      return running;
    },

    nextRun(now) {
      if (!registry.open().some(({ state }) => wants(state))) return undefined;
      const leaseEnd = leases.nextLeaseEnd(now);
      const retry = failedAt === undefined ? undefined : failedAt + tryAgainAfter;
      const times = [leaseEnd, retry].filter((time) => time !== undefined);
      return times.length === 0 ? undefined : Math.max(now, Math.min(...times));
    },
  };
}

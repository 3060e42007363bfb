// Keeps an open socket good: a new token before the old one ends, a sign of life when it was silent long.

import type { AccessToken } from './access_token.ts';
import type { Connection } from './socket_connection.ts';
import type { SocketAccess } from './socket_access.ts';
import { closeCodes } from './socket_frames.ts';

/** What upkeep works with. Times in seconds. */
export interface UpkeepOptions {
  readonly connection: Connection;
  /** The token that the socket was opened with. */
  readonly access: AccessToken;
  readonly presented: SocketAccess;
  readonly clock: () => number;
  /** Silence after which the server has to show that it is there. */
  readonly silence: number;
}

/** Where a token source of ours has a newer token, or makes one. */
const renewAt = 14 / 15;
const leastPause = 0.25;
const mostPause = 86_400;

/** Begins the upkeep; the answered function ends it. */
export function keepUp(options: UpkeepOptions): () => void {
  const { connection, presented, clock, silence } = options;
  const ended = new AbortController();
  let { access } = options;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let renewal = clock() + (access.expiresAt - clock()) * renewAt;

  const silentFor = (): number => (performance.now() - connection.heardAt()) / 1000;

  function schedule(): void {
    if (ended.signal.aborted) return;
    const seconds = Math.min(renewal - clock(), silence - silentFor());
    const pause = Math.min(mostPause, Math.max(leastPause, seconds));
    timer = setTimeout(() => void tend().then(schedule), pause * 1000);
  }

  async function tend(): Promise<void> {
    try {
      if (clock() >= renewal) await renew();
      if (silentFor() >= silence && !ended.signal.aborted) await connection.probe();
    } catch {
      // Opening it again tells why, where it cannot be mended
      ended.abort();
      connection.drop(closeCodes.abnormal);
    }
  }

  async function renew(): Promise<void> {
    const next = await tokenOr(access);
    const isNew = next.token !== access.token;
    // As long as there is none: more often, the nearer the end
    renewal = clock() + (next.expiresAt - clock()) * (isNew ? renewAt : 1 / 3);
    if (!isNew || ended.signal.aborted) return;
    await connection.reauthenticate(next, await presented.proofOf(next));
    access = next;
  }

  /** A source that has no new token now may have one before the old one ends. */
  async function tokenOr(old: AccessToken): Promise<AccessToken> {
    try {
      return await presented.now(ended.signal);
    } catch {
      return old;
    }
  }

  schedule();
  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}

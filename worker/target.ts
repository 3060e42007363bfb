// Target: what a route leads to. It reads a request, says which scopes that takes, and runs it.

import type { AuthorizedCall, VerifiedAgent } from '../src/verify/index.ts';
import type { LedgerEntry, Reservation } from './authority/agent/nonce_store.ts';
import type { Ledger } from './bus/publish.ts';
import type { Bus } from './bus/bus.ts';
import type { Trace } from './observe/trace.ts';
import type { Answer } from './respond.ts';
import type { SocketToken } from './bus/socket/state.ts';
import type { SocketCredential } from './gateway/socket.ts';

/** The names of the gateway's own targets, as its route table uses them. */
export type TargetName =
  | 'whoami'
  | 'bus_send'
  | 'bus_receive'
  | 'bus_acknowledge'
  | 'bus_status'
  | 'bus_connect';

/** A request of a verified agent. */
export interface Incoming {
  readonly agent: VerifiedAgent;
  /** The request as it came, for targets that pass it on. What comes over a socket has none. */
  readonly http?: { readonly request: Request; readonly path: string };
  /** The credential of an upgrade, which goes to the object that holds the socket. */
  readonly socket?: SocketCredential | undefined;
  /** The trace that the request belongs to: what is forwarded goes on with it. */
  readonly trace?: Trace;
  /** A HEAD request: it is answered as GET is, but must change nothing. */
  readonly isHead: boolean;
  readonly query: URLSearchParams;
  /** What the path names. */
  readonly params: Readonly<Record<string, string>>;
  /** Reads the body; rejects with `message_too_large` as soon as it is longer than `limit` bytes. */
  readonly readBody: (limit: number) => Promise<Uint8Array>;
  /** Checks again that the token is valid now; rejects with the code where it is not. */
  readonly recheck: () => Promise<void>;
}

/** What targets work with. */
export interface Services {
  readonly bus: Bus;
  readonly ledgerOf: (agentId: string) => Ledger;
  /** Asks a mailbox for a socket: 101 with one, or a refusal's code. */
  readonly openSocket: (mailbox: string, presented: SocketToken) => Promise<Response>;
  /** Lets work go on after the answer. */
  readonly defer: (work: Promise<unknown>) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What a target answers with: JSON that still gets its headers, or an answer of its own making. */
export type Answered = Answer | Response;

/** A request that was read and found well-formed: it wants authorization, and then to be run. */
export interface Prepared {
  /** The scopes that it takes, with what it names as their third part. */
  readonly required: readonly string[];
  /** What it does, for the audit log, where no scope says so. */
  readonly action?: string;
  /** What it is about, for the audit log, where neither a scope nor the path names it. */
  readonly about?: string;
  /** The message that it will store: its nonce is reserved before it is run. */
  readonly message?: LedgerEntry;
  /** `reservation` is that of the message, for a request that has one. */
  readonly run: (call: AuthorizedCall, reservation?: Reservation) => Answered | Promise<Answered>;
}

/** What a route leads to. `read` changes nothing and throws TokenErrors. */
export interface Target {
  read(incoming: Incoming, services: Services): Prepared | Promise<Prepared>;
}

// Watch: what is known of one request while it is served, and the decisions that come of it.

import { errorCodes, type VerifiedAgent } from '../../src/verify/index.ts';
import { whoOf, type Observer, type Sample, type Stage, type Who } from './decision.ts';
import { traceOf, type Trace } from './trace.ts';

/** What a handler that verifies by itself tells of its request. */
export interface Note {
  readonly who?: Who | undefined;
  /** `token:issue`, `token:exchange`, `token:revoke`, `agent:enroll`, … */
  readonly action?: string;
  readonly resource?: string | undefined;
  /** Why it is refused: a code of a table. */
  readonly code?: string;
}

/** One request under observation. */
export interface Watch {
  readonly trace: Trace;
  /** Whether an envelope is sent, which counts when the bus has accepted it. */
  readonly isMessage: boolean;
  /** Takes a lap: the time since the last one belongs to a stage, or to none. */
  lap(stage?: Stage): void;
  verified(agent: VerifiedAgent): void;
  note(note: Note): void;
  /** Says what a request wants: the scopes that it takes, or what the path names. */
  wants(required: readonly string[], named: string | undefined): void;
  /** Records that the request may go on; wait for it before it does. */
  allow(): Promise<void> | undefined;
  /** Records that it is refused, with a code; the status where that is none of the library's table. */
  deny(code: string, status?: number): void;
  /**
   * Records what a handler that verifies by itself has answered with, where it noted anything: then
   * wait for it before the answer goes out.
   */
  answered(status: number): Promise<void> | undefined;
  /** The request is answered: counts what it took, in milliseconds by stage, and its messages. */
  done(messages?: number): Sample['timings'];
}

/** What a watch begins with. */
export interface WatchOptions {
  readonly observer: Observer;
  readonly now: () => number;
  readonly via: 'http' | 'socket';
  /** Of the route table. */
  readonly route: string;
  readonly method: string;
  readonly traceparent: string | null;
  /** What is asked for, as long as nothing better is known. */
  readonly action: string;
}

/** The table's status of a code; another table's codes bring their own. */
function statusOf(code: string): number | undefined {
  return Object.hasOwn(errorCodes, code)
    ? errorCodes[code as keyof typeof errorCodes].status
    : undefined;
}

/** Begins to watch a request. */
export function createWatch(options: WatchOptions): Watch {
  const { observer, now, via, route, method } = options;
  const trace = traceOf(options.traceparent);
  const timings: Partial<Record<Stage, number>> = {};
  const beganAt = now();
  let lapAt = beganAt;
  let { action } = options;
  let who: Who | undefined;
  let resource: string | undefined;
  let reason: string | undefined;
  let isNoted = false;

  function record(allowed: boolean, code?: string, status?: number): Promise<void> | undefined {
    return observer.record({
      at: now(),
      via,
      trace,
      route,
      method,
      who,
      action,
      resource,
      allowed,
      code,
      status,
    });
  }

  return {
    trace,
    isMessage: route === '/bus/messages' && method === 'POST',
    lap(stage) {
      const at = now();
      if (stage !== undefined) timings[stage] = (timings[stage] ?? 0) + at - lapAt;
      lapAt = at;
    },
    verified(agent) {
      who = whoOf(agent);
    },
    note(note) {
      ({ who = who, action = action, resource = resource, code: reason = reason } = note);
      isNoted ||= note.action !== undefined;
    },
    wants([scope], named) {
      const [of, verb, pattern] = scope?.split(':') ?? [];
      if (of !== undefined && verb !== undefined) action = `${of}:${verb}`;
      resource = named ?? pattern ?? resource;
    },
    allow: () => record(true),
    deny(code, status = statusOf(code)) {
      void record(false, reason ?? code, status);
    },
    answered(status) {
      if (!isNoted) return undefined;
      if (status < 400) return record(true);
      void record(false, reason ?? `http_${status}`, status);
      return undefined;
    },
    done(messages = 0) {
      timings.total = now() - beganAt;
      observer.measure({ timings, messages });
      return timings;
    },
  };
}

// Watches what a frame of a socket asks for: it is decided, and recorded, as a request is.

import { TokenError, type VerifiedAgent } from '../../src/verify/index.ts';
import type { Observer } from './decision.ts';
import { createWatch, type Watch } from './watch.ts';

/** A frame, and who sent it where that is known already. */
export interface WatchedFrame {
  readonly observer: Observer;
  readonly type: string;
  readonly agent?: VerifiedAgent;
  readonly required?: readonly string[];
}

/** Begins to watch a frame. A socket has no trace of its own: each frame begins one. */
function watchFrame({ observer, type, agent, required = [] }: WatchedFrame): Watch {
  const watch = createWatch({
    observer,
    now: () => Date.now(),
    via: 'socket',
    route: '/bus/connect',
    method: type,
    traceparent: null,
    action: type,
  });
  if (agent !== undefined) watch.verified(agent);
  watch.wants(required, undefined);
  return watch;
}

/** Decides a frame: what `decide` throws is the refusal; what comes after `allow` is forwarded. */
export async function decideFrame<T>(
  frame: WatchedFrame,
  decide: (watch: Watch) => Promise<T> | T,
): Promise<T> {
  const watch = watchFrame(frame);
  try {
    const decided = await decide(watch);
    watch.done(frame.type === 'publish' ? 1 : 0);
    return decided;
  } catch (error) {
    watch.deny(error instanceof TokenError ? error.code : 'bus_unavailable');
    watch.done();
    throw error;
  }
}

// How fast frames may come over one socket: a bucket that fills as time passes.

/** Takes a frame's cost out of a socket's bucket; `false` when it is empty. */
export type FrameRate = (socket: object, cost: number, now: number) => boolean;

const capacity = 1000;
const perSecond = 200;

interface Bucket {
  readonly left: number;
  readonly at: number;
}

/** Makes the buckets of one mailbox. A socket that slept long enough to be forgotten has a full one. */
export function createFrameRate(): FrameRate {
  const buckets = new WeakMap<object, Bucket>();
  return (socket, cost, now) => {
    const { left, at } = buckets.get(socket) ?? { left: capacity, at: now };
    const filled = Math.min(capacity, left + (Math.max(0, now - at) / 1000) * perSecond);
    buckets.set(socket, { left: Math.max(0, filled - cost), at: now });
    return filled >= cost;
  };
}

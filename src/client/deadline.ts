// Work that ends when its time is over or its caller goes away, whatever the work itself does.

/** Rejects with the signal's reason as soon as it is aborted; the work itself goes on. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(asError(signal.reason));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * Runs work under a signal of its own, which is aborted when the time is over or `outer` is.
 *
 * Also after success the signal is aborted: nothing of the work may go on.
 *
 * @param limits `seconds` and the error that says that they are over
 */
export async function withDeadline<T>(
  limits: { readonly seconds: number; readonly late: () => Error },
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(limits.late()), limits.seconds * 1000);
  const onAbort = (): void => controller.abort(outer?.reason);
  outer?.addEventListener('abort', onAbort);
  try {
    return await abortable(work(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', onAbort);
    controller.abort();
  }
}

/**
 * Runs work under a signal that is aborted as soon as one of several is, with its reason.
 *
 * Unlike `AbortSignal.any` it leaves nothing behind on signals that live long.
 */
export async function withSignals<T>(
  signals: readonly (AbortSignal | undefined)[],
  work: (either: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stops = signals.map((signal) => {
    const onAbort = (): void => controller.abort(signal?.reason);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort);
    return () => signal?.removeEventListener('abort', onAbort);
  });
  try {
    controller.signal.throwIfAborted();
    return await abortable(work(controller.signal), controller.signal);
  } finally {
    for (const stop of stops) stop();
  }
}

/** Waits; ends early, with the signal's reason, when the signal is aborted. */
export async function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  try {
    await abortable(over, signal);
  } finally {
    clearTimeout(timer);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new DOMException('The work was aborted', 'AbortError');
}

// `await using` for what has a close(): adds Symbol.asyncDispose where the runtime has it.

/// <reference lib="esnext.disposable" preserve="true" />

/** Freezes a value whose `close` is also its disposal. Some browsers have no such symbol yet. */
export function disposable<T extends { close(): Promise<void> }>(value: T): T & AsyncDisposable {
  const symbol: symbol | undefined = Symbol.asyncDispose;
  const disposal = symbol === undefined ? {} : { [symbol]: value.close };
  return Object.freeze({ ...value, ...disposal }) as T & AsyncDisposable;
}

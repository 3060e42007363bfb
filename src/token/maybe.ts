// Values that may still be on their way. What is at hand is used at once: a promise costs more than most checks.

/** A value, or the promise of one. */
export type Maybe<T> = T | Promise<T>;

/** Goes on with a value: now where it is at hand, and when it has come otherwise. */
export function andThen<T, U>(value: Maybe<T>, use: (value: T) => Maybe<U>): Maybe<U> {
  return value instanceof Promise ? value.then(use) : use(value);
}

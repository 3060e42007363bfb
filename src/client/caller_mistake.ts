// CallerMistake: a TypeError that is the caller's own, where fetch's network failures are TypeErrors too.

/** What retries must not take for a network failure. For users it is a TypeError like any other. */
export class CallerMistake extends TypeError {}

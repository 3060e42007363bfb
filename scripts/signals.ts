// Ends a long-running script once, whichever way it is asked to

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const parent = process.ppid;
let watch: NodeJS.Timeout | undefined;
let ending = false;

/** Calls `end` at the first signal; what other code had set up for signals is dropped. */
export function endOnSignals(end: (exitCode: number) => Promise<never>): void {
  const once = (): void => {
    if (ending) return;
    ending = true;
    void end(0);
  };
  for (const signal of signals) {
    process.removeAllListeners(signal);
    process.on(signal, once);
  }
  // A reader that went away, as after `npm start | head`
  process.stdout.removeAllListeners('error').on('error', once);
  // npm passes signals on to its shell alone, which dies of them without a word
  if (process.env['npm_lifecycle_event'] === undefined || watch !== undefined) return;
  watch = setInterval(() => {
    if (process.ppid !== parent) once();
  }, 100).unref();
}

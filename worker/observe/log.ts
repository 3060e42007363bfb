// The gateway's own log lines: one JSON object each, of fixed words and names of ours alone.

/** What a line may say besides its event. Nothing that came with a request belongs in it. */
export interface LogFields {
  /** The variable or binding at fault. */
  readonly variable?: string;
  readonly fault?: string;
  /** The class of an unexpected exception: its message could quote the request. */
  readonly exception?: string;
}

/** Writes an error line. */
export function logError(event: string, fields: LogFields = {}): void {
  console.error(JSON.stringify({ level: 'error', event, ...fields }));
}

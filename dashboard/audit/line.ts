// A line of the audit log as it was sent and as it reads, and what somebody looks for among them.

/** One line. */
export interface AuditLine {
  readonly text: string;
  readonly record: Readonly<Record<string, unknown>>;
}

/** What is looked for; what is empty does not matter. */
export interface Wanted {
  readonly code: string;
  readonly decision: 'all' | 'allow' | 'deny';
  readonly text: string;
}

/** Reads a line; `undefined` for what is none. */
export function readLine(text: string): AuditLine | undefined {
  try {
    const record: unknown = JSON.parse(text);
    return typeof record === 'object' && record !== null
      ? { text, record: record as AuditLine['record'] }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Lines that tell of decisions, or of what was lost; the others hold the log together. */
const entries: ReadonlySet<unknown> = new Set(['record', 'summary', 'gap']);

/** Tells whether a line is one of those that are looked for. */
export function isWanted({ text, record }: AuditLine, wanted: Wanted): boolean {
  return (
    entries.has(record['kind']) &&
    (wanted.code === '' || record['code'] === wanted.code) &&
    (wanted.decision === 'all' ||
      record['decision'] === wanted.decision ||
      (wanted.decision === 'deny' && record['kind'] === 'summary')) &&
    (wanted.text === '' || text.toLowerCase().includes(wanted.text.toLowerCase()))
  );
}

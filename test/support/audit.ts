// The audit log of a test gateway: objects that seal it whenever it is read, or that fail for a while

import { build } from 'esbuild';
import { localKeys, verifyAuditLog, type AuditReport } from '../../src/audit/index.ts';
import { publicUrl } from './gateway.ts';
import type { Caller } from './operator.ts';

/** How long the log of {@link auditObjects} is down, in milliseconds. */
export const auditOutage = 2500;

/**
 * The gateway's object classes, with an audit log that makes a manifest whenever somebody reads it
 * from the beginning, and that goes down for a while when something is done to `the-log-fails` or `the-log-hangs`.
 */
export function auditObjects(): Promise<string> {
  return bundle(`
      until = 0;
      async append(batch) {
        const named = batch.drafts.join();
        const trigger = ['the-log-fails', 'the-log-hangs'].find((name) => named.includes(JSON.stringify(name)));
        if (trigger !== undefined && this.until === 0) {
          this.until = Date.now() + ${auditOutage};
          this.hangs = trigger === 'the-log-hangs';
        }
        const left = this.until - Date.now();
        if (left > 0 && this.hangs) await new Promise((resolve) => setTimeout(resolve, left));
        else if (left > 0) throw new Error('secret detail of the log');
        return super.append(batch);
      }
      async span(after, limit) {
        if (after === 0) await super.manifest();
        return super.span(after, limit);
      }
  `);
}

/**
 * The same classes with an audit log that stops when something is done to `the-log-stops`, until
 * somebody asks for figures.
 */
export function stoppedLog(): Promise<string> {
  return bundle(`
      async append(batch) {
        const isTrigger = batch.drafts.join().includes('"the-log-stops"');
        this.stopped ??= isTrigger ? true : undefined;
        if (this.stopped === true) throw new Error('The log is down');
        return super.append(batch);
      }
      report() {
        if (this.stopped === true) this.stopped = false;
        return super.report();
      }
      async span(after, limit) {
        if (after === 0) await super.manifest();
        return super.span(after, limit);
      }
  `);
}

/** Builds the gateway's object classes, with an audit log that has other methods. */
async function bundle(methods: string): Promise<string> {
  const contents = `
    import { AuditLog as Log } from './worker/index.ts';
    export * from './worker/index.ts';
    export class AuditLog extends Log {
      ${methods}
    }
    export default { fetch: () => new Response(null, { status: 404 }) };
  `;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL('../../', import.meta.url).pathname, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** An entry of the log as it is read. */
export type AuditRecord = Readonly<Record<string, unknown>>;

/** The whole log as an operator exports it, page by page. */
export async function exportAudit(operator: Caller, limit = 1000): Promise<string[]> {
  const lines: string[] = [];
  let after = '';
  for (;;) {
    const answer = await operator.send('GET', `/admin/audit?limit=${limit}${after}`);
    if (answer.status !== 200) throw new Error(`The log was refused: ${answer.text}`);
    const page = answer.text.trimEnd().split('\n');
    const cursor = JSON.parse(page.pop() ?? '') as { after: string; more: boolean };
    lines.push(...page);
    if (!cursor.more) return lines;
    after = `&after=${cursor.after}`;
  }
}

/** The entries among the lines. */
export function recordsOf(lines: readonly string[]): AuditRecord[] {
  return lines
    .map((line) => JSON.parse(line) as AuditRecord)
    .filter(({ kind }) => kind === 'record' || kind === 'summary' || kind === 'gap');
}

/** Exports the log until it has a record that a test waits for. */
export async function untilRecorded(
  operator: Caller,
  isFound: (records: readonly AuditRecord[]) => boolean,
): Promise<string[]> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const lines = await exportAudit(operator);
    if (isFound(recordsOf(lines))) return lines;
    if (Date.now() > deadline) throw new Error('The record did not come in time');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Checks lines with the keys that the gateway publishes. */
export async function verifyLines(
  url: string,
  lines: Iterable<string>,
  issuer: string = publicUrl,
): Promise<AuditReport> {
  const response = await fetch(`${url}/.well-known/audit-jwks.json`);
  const keys = await localKeys((await response.json()) as { keys: never[] });
  return verifyAuditLog(lines, { keys, issuer });
}

// The log's hash chain and signatures, checked in the page with the library: what the server says is not enough.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { localKeys, verifyAuditLog, type AuditReport } from '../../src/audit/index.ts';
import { session } from '../session/session.ts';
import { inert, number } from '../ui/format.ts';
import { logLines } from './fetch_log.ts';
import { wordsOf } from '../ui/words.ts';

type Check =
  | { readonly kind: 'idle' }
  | { readonly kind: 'reading'; readonly lines: number }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'done'; readonly report: AuditReport; readonly signed: boolean };

async function publishedKeys(): Promise<Awaited<ReturnType<typeof localKeys>> | null> {
  const response = await fetch(new URL('/.well-known/audit-jwks.json', location.origin), {
    credentials: 'omit',
  });
  if (!response.ok) return null;
  const set = (await response.json()) as { readonly keys?: readonly unknown[] };
  return set.keys === undefined || set.keys.length === 0
    ? null
    : localKeys(set as Parameters<typeof localKeys>[0]);
}

/** The panel. */
export function CheckPanel() {
  const check = useSignal<Check>({ kind: 'idle' });
  const ended = useRef(new AbortController());
  useEffect(() => () => ended.current.abort(), []);

  async function run(): Promise<void> {
    const current = session.peek();
    if (current.kind !== 'signed_in') return;
    check.value = { kind: 'reading', lines: 0 };
    try {
      const keys = await publishedKeys();
      const report = await verifyAuditLog(logLines(ended.current.signal), {
        keys,
        issuer: current.operator.issuer,
        onProgress: (lines) => (check.value = { kind: 'reading', lines }),
      });
      check.value = { kind: 'done', report, signed: keys !== null };
    } catch (error) {
      check.value = { kind: 'failed', why: wordsOf(error, 'It failed') };
    }
  }

  const now = check.value;
  return (
    <section class="sheet">
      <h2>Is the log whole?</h2>
      <p class="quiet">
        This page reads the whole log and checks its hash chain and signatures by itself.
      </p>
      <div class="row">
        <button type="button" disabled={now.kind === 'reading'} onClick={() => void run()}>
          Check it here
        </button>
        <span role="status">
          {now.kind === 'reading' ? `${number(now.lines)} lines read …` : ''}
        </span>
      </div>
      {now.kind === 'failed' ? (
        <p class="bad" role="alert">
          {now.why}
        </p>
      ) : null}
      {now.kind === 'done' ? <Result report={now.report} signed={now.signed} /> : null}
    </section>
  );
}

/** A log of some seconds: its first manifest, which says what must be there, is still to come. */
function isYoung({ manifests, findings }: AuditReport): boolean {
  const [first] = findings;
  return (
    manifests === 0 &&
    findings.length === 1 &&
    first?.code === 'manifest_missing' &&
    first.seq === 1
  );
}

function Result({ report, signed }: { readonly report: AuditReport; readonly signed: boolean }) {
  const { ok, entries, checkpoints, findings, losses } = report;
  if (isYoung(report)) {
    return (
      <p class="warn" role="status">
        {number(entries)} records in order, but nothing is signed yet that says which there must be:
        check again in some seconds.
      </p>
    );
  }
  return (
    <div class="question" role="status">
      <p class={ok ? 'good' : 'bad'}>
        {ok
          ? `Whole: ${number(entries)} records in order, ${number(checkpoints)} signed checkpoints`
          : `Not as it was written: ${number(findings.length)} faults`}
      </p>
      {signed ? null : (
        <p class="warn">This gateway signs no checkpoints: only the chain was checked.</p>
      )}
      {losses.length === 0 ? null : (
        <p class="warn">{number(losses.length)} stretches were lost before they were stored.</p>
      )}
      {findings.length === 0 ? null : (
        <table>
          <thead>
            <tr>
              <th scope="col">Fault</th>
              <th scope="col">Shard</th>
              <th scope="col">Record</th>
            </tr>
          </thead>
          <tbody>
            {findings.slice(0, 100).map(({ code, shard, seq, to }, at) => (
              <tr key={at}>
                <td class="mono bad">{inert(code)}</td>
                <td>{shard ?? '–'}</td>
                <td>{seq === undefined ? '–' : to === undefined ? seq : `${seq} to ${to}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

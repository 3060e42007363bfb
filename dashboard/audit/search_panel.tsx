// Looks through the whole log for what the newest records do not have any more.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { number } from '../ui/format.ts';
import { logLines } from './fetch_log.ts';
import { isWanted, readLine, type AuditLine, type Wanted } from './line.ts';
import { Records } from './records.tsx';
import { wordsOf } from '../ui/words.ts';

/** Records that are kept of those that are found: the newest. */
const most = 200;
/** Lines between two looks at how far it is. */
const step = 1000;

type Search =
  | { readonly kind: 'idle' }
  | { readonly kind: 'failed'; readonly why: string }
  | {
      readonly kind: 'reading' | 'done';
      readonly read: number;
      readonly count: number;
      readonly found: readonly AuditLine[];
    };

/** The panel; what was found belongs to what was looked for then. */
export function SearchPanel({ wanted }: { readonly wanted: Wanted }) {
  const search = useSignal<Search>({ kind: 'idle' });
  const ended = useRef(new AbortController());
  const stop = (): void => ended.current.abort();
  useEffect(() => stop, []);
  useEffect(() => {
    stop();
    search.value = { kind: 'idle' };
  }, [wanted.code, wanted.decision, wanted.text]);

  async function run(): Promise<void> {
    const own = new AbortController();
    ended.current = own;
    const found: AuditLine[] = [];
    let [read, count] = [0, 0];
    const tell = (kind: 'reading' | 'done'): void => {
      if (own.signal.aborted && kind === 'reading') return;
      search.value = { kind, read, count, found: found.slice(-most) };
    };
    tell('reading');
    try {
      for await (const text of logLines(own.signal)) {
        const line = readLine(text);
        read++;
        if (line !== undefined && isWanted(line, wanted)) {
          count++;
          found.push(line);
          if (found.length > 2 * most) found.splice(0, most);
        }
        if (read % step === 0) tell('reading');
      }
      if (!own.signal.aborted) tell('done');
    } catch (error) {
      if (own.signal.aborted) return;
      search.value = { kind: 'failed', why: wordsOf(error, 'It failed') };
    }
  }

  const now = search.value;
  return (
    <section class="sheet">
      <h2>Older records</h2>
      <div class="row">
        {now.kind === 'reading' ? (
          <button type="button" onClick={() => (stop(), (search.value = { kind: 'idle' }))}>
            Stop
          </button>
        ) : (
          <button type="button" onClick={() => void run()}>
            Look through the whole log
          </button>
        )}
        <span role="status" class="quiet">
          {'read' in now
            ? `${number(now.count)} found in ${number(now.read)} lines${now.kind === 'reading' ? ' so far …' : ''}`
            : 'for what is filtered above'}
        </span>
      </div>
      {now.kind === 'failed' ? (
        <p class="bad" role="alert">
          {now.why}
        </p>
      ) : null}
      {'found' in now && now.found.length > 0 ? (
        <Records label="Records of the whole log" shown={now.found.toReversed()} />
      ) : null}
    </section>
  );
}

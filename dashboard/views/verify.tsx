// Tokens verified in this browser by the gateway's own code: nothing that is pasted here leaves the page.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { examine, findTokens, type Report } from '../verify/report.ts';
import { ReportCard } from '../verify/report_card.tsx';
import { settledTrust, trust, trustThisGateway } from '../verify/trust.ts';
import { TrustPanel } from '../verify/trust_panel.tsx';

interface VerifyProps {
  readonly subject: string;
  /** Whether there is no gateway behind the page. */
  readonly standsAlone?: boolean;
}

/** The view. */
export function Verify({ standsAlone = false }: VerifyProps) {
  const pasted = useSignal('');
  const reports = useSignal<readonly Report[]>([]);
  const why = useSignal<string | undefined>(undefined);

  useEffect(() => {
    if (!standsAlone && trust.peek() === undefined) void trustThisGateway();
  }, [standsAlone]);

  async function verify(): Promise<void> {
    const known = await settledTrust();
    if (known === undefined) {
      why.value = 'Say first whom to trust';
      return;
    }
    const found = findTokens(pasted.peek());
    why.value = found.length === 0 ? 'Paste a token first' : undefined;
    reports.value = await Promise.all(found.map((token) => examine(token, known)));
  }

  async function drop(event: DragEvent): Promise<void> {
    event.preventDefault();
    const { dataTransfer } = event;
    const files = [...(dataTransfer?.files ?? [])];
    const texts =
      files.length > 0
        ? await Promise.all(files.map((file) => file.text()))
        : [dataTransfer?.getData('text/plain') ?? ''];
    pasted.value = texts.join('\n');
    await verify();
  }

  return (
    <>
      <div class="columns">
        <form
          class="sheet"
          onSubmit={(event) => (event.preventDefault(), void verify())}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => void drop(event)}
        >
          <label>
            Tokens: one on each line, the hops of an off-line chain behind it
            <textarea
              rows={8}
              class="mono"
              spellcheck={false}
              autocomplete="off"
              value={pasted}
              placeholder="Paste here, or drop a file"
              onInput={({ currentTarget }) => (pasted.value = currentTarget.value)}
            />
          </label>
          {why.value === undefined ? null : (
            <p class="bad" role="alert">
              {why}
            </p>
          )}
          <div class="row">
            <button type="submit" class="main">
              Verify here
            </button>
            <button
              type="button"
              onClick={() => {
                pasted.value = '';
                reports.value = [];
              }}
            >
              Clear
            </button>
            <span class="quiet">
              Nothing that you paste leaves this page.
              {standsAlone ? null : (
                <>
                  {' '}
                  <a href="./verify.html" download="swarmgate-verify.html">
                    Keep it as one file
                  </a>{' '}
                  that needs no gateway.
                </>
              )}
            </span>
          </div>
        </form>
        <TrustPanel standsAlone={standsAlone} />
      </div>
      <div class="reports" role="region" aria-label="Reports" aria-live="polite">
        {reports.value.map((report) => (
          <ReportCard key={report.id} report={report} />
        ))}
      </div>
    </>
  );
}

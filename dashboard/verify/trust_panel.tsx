// Whose tokens count: this gateway's, or those of keys that the reader brings along.

import { useSignal } from '@preact/signals';
import { trust, trustError, trustText, trustThisGateway } from './trust.ts';
import { wordsOf } from '../ui/words.ts';

/** The panel. */
export function TrustPanel({ standsAlone }: { readonly standsAlone: boolean }) {
  const current = trust.value;
  return (
    <section class="sheet">
      <h2>Whom to trust</h2>
      {current === undefined ? (
        <p role="status">{trustError.value ?? 'Nobody yet: give an issuer and its keys.'}</p>
      ) : (
        <p>
          <span class="mono">{current.issuer}</span>
          <span class="quiet"> ({current.origin})</span>
        </p>
      )}
      <div class="row">
        {standsAlone ? null : (
          <>
            <button type="button" onClick={() => void trustThisGateway()}>
              This gateway, by its feed
            </button>
            <button type="button" onClick={() => void trustThisGateway('status list')}>
              This gateway, by its status lists
            </button>
          </>
        )}
        {current === undefined ? null : <SaveKeys keys={current.keys} />}
      </div>
      <details open={standsAlone}>
        <summary>Other keys, or off line with a saved key set</summary>
        <OtherKeys />
      </details>
    </section>
  );
}

function SaveKeys({ keys }: { readonly keys: string }) {
  function save(): void {
    const url = URL.createObjectURL(new Blob([keys], { type: 'application/json' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = 'jwks.json';
    link.click();
    URL.revokeObjectURL(url);
  }
  return (
    <button type="button" onClick={save}>
      Save the key set
    </button>
  );
}

function OtherKeys() {
  const issuer = useSignal(trust.peek()?.issuer ?? '');
  const audience = useSignal('');
  const profile = useSignal<'at+jwt' | 'engine'>('at+jwt');
  const keys = useSignal('');
  const why = useSignal<string | undefined>(undefined);

  async function use(event: Event): Promise<void> {
    event.preventDefault();
    try {
      await trustText({
        issuer: issuer.value.trim(),
        audience: audience.value.trim(),
        profile: profile.value,
        keys: keys.value,
      });
      why.value = undefined;
    } catch (error) {
      why.value = wordsOf(error, 'These keys cannot be used');
    }
  }

  async function takeFile(files: FileList | null): Promise<void> {
    const text = await files?.item(0)?.text();
    if (text !== undefined) keys.value = text;
  }

  return (
    <form class="question" onSubmit={(event) => void use(event)}>
      <label>
        Issuer, exactly
        <input
          required
          value={issuer}
          spellcheck={false}
          onInput={({ currentTarget }) => (issuer.value = currentTarget.value)}
        />
      </label>
      <label>
        Audience (empty: any)
        <input
          value={audience}
          spellcheck={false}
          onInput={({ currentTarget }) => (audience.value = currentTarget.value)}
        />
      </label>
      <label>
        Kind of tokens
        <select
          value={profile}
          onChange={({ currentTarget }) =>
            (profile.value = currentTarget.value === 'engine' ? 'engine' : 'at+jwt')
          }
        >
          <option value="at+jwt">agent tokens (at+jwt)</option>
          <option value="engine">engine tokens</option>
        </select>
      </label>
      <label>
        Keys: a JWK set, a public JWK, or a PEM
        <textarea
          required
          rows={4}
          class="mono"
          spellcheck={false}
          value={keys}
          onInput={({ currentTarget }) => (keys.value = currentTarget.value)}
        />
      </label>
      <label>
        … or from a file
        <input
          type="file"
          accept=".json,.pem,application/json"
          onChange={({ currentTarget }) => void takeFile(currentTarget.files)}
        />
      </label>
      {why.value === undefined ? null : (
        <p class="bad" role="alert">
          {why}
        </p>
      )}
      <div class="row">
        <button type="submit">Trust these keys</button>
      </div>
    </form>
  );
}

// Sealed claims, opened in the page with the recipient's key, which is kept nowhere.

import { useSignal } from '@preact/signals';
import { createSealer, openSealedClaims, type SealerOptions } from '../../src/seal/index.ts';
import type { VerifiedAgent } from '../../src/verify/index.ts';
import { ClaimsTable } from './claims_table.tsx';
import { wordsOf } from '../ui/words.ts';

function optionsOf(text: string): SealerOptions {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{')) return { key: trimmed };
  const jwk = JSON.parse(trimmed) as Record<string, unknown>;
  return jwk['kty'] === 'oct' ? { key: jwk } : { privateKey: jwk };
}

/** Asks for the key, and shows what was sealed. */
export function Sealed({ agent }: { readonly agent: VerifiedAgent }) {
  const key = useSignal('');
  const opened = useSignal<object | undefined>(undefined);
  const why = useSignal<string | undefined>(undefined);

  async function open(event: Event): Promise<void> {
    event.preventDefault();
    try {
      opened.value = await openSealedClaims(agent, createSealer(optionsOf(key.value)));
      why.value = undefined;
    } catch (error) {
      opened.value = undefined;
      why.value =
        error instanceof SyntaxError
          ? 'The key is no JSON'
          : wordsOf(error, 'The claims cannot be opened');
    }
    key.value = '';
  }

  if (opened.value !== undefined) {
    return <ClaimsTable title="Sealed claims, opened here" members={{ ...opened.value }} />;
  }
  return (
    <form onSubmit={(event) => void open(event)} class="question">
      <label>
        Key that opens the sealed claims: a private JWK, or a shared secret as base64url
        <input
          type="password"
          autocomplete="off"
          value={key}
          onInput={({ currentTarget }) => (key.value = currentTarget.value)}
        />
      </label>
      {why.value === undefined ? null : (
        <p class="bad" role="alert">
          {why}
        </p>
      )}
      <div class="row">
        <button type="submit">Open them here</button>
      </div>
    </form>
  );
}

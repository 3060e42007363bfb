// The way in: a one-time code from the command line makes this browser an operator's.

import { useSignal } from '@preact/signals';
import { session, signIn } from './session.ts';

const command =
  'npx swarmgate enrollments add dashboard-ann --tier power --scope admin:read admin:write';

/** Asks for a code. */
export function SignIn() {
  const code = useSignal('');
  const busy = useSignal(false);
  const current = session.value;
  const why = current.kind === 'signed_out' ? current.why : undefined;

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    busy.value = true;
    await signIn(code.value);
    busy.value = false;
  }

  return (
    <main class="sign-in">
      <h1>Sign in to SwarmGate</h1>
      <p>
        This browser makes a key that cannot leave it. A one-time code tells the gateway whose key
        it is; there is no password.
      </p>
      <form class="sheet" onSubmit={(event) => void submit(event)}>
        <label>
          One-time code
          <input
            name="code"
            class="mono"
            autocomplete="off"
            spellcheck={false}
            required
            value={code}
            aria-describedby={why === undefined ? undefined : 'why'}
            onInput={({ currentTarget }) => (code.value = currentTarget.value)}
          />
        </label>
        {why === undefined ? null : (
          <p id="why" class="bad" role="alert">
            {why}
          </p>
        )}
        <div class="row">
          <button class="main" type="submit" disabled={busy}>
            {busy.value ? 'Signing in …' : 'Sign in'}
          </button>
        </div>
      </form>
      <p class="quiet">
        <code>npm start</code> prints a code. An operator makes others:
      </p>
      <pre class="sheet scroll">{command}</pre>
    </main>
  );
}

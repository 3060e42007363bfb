// The way in: a one-time code from the command line makes this browser an operator's.

import { useSignal } from '@preact/signals';
import { resume, session, signIn, signOut, type Session } from './session.ts';

const command =
  'npx swarmgate enrollments add dashboard-ann --tier power --scope admin:read admin:write';

/** Somebody is enrolled here, and the gateway does not answer. */
export function TryAgain({ operator, why }: Extract<Session, { readonly kind: 'unreachable' }>) {
  const busy = useSignal(false);
  async function again(): Promise<void> {
    busy.value = true;
    await resume();
    busy.value = false;
  }
  return (
    <main class="sign-in">
      <h1>The gateway does not answer</h1>
      <div class="sheet">
        <p class="bad" role="alert">
          {why}
        </p>
        <p>
          This browser is enrolled as <span class="mono">{operator.clientId}</span>, and stays so.
        </p>
        <div class="row">
          <button type="button" class="main" disabled={busy} onClick={() => void again()}>
            {busy.value ? 'Trying …' : 'Try again'}
          </button>
          <button type="button" onClick={() => void signOut()}>
            Use another code
          </button>
        </div>
      </div>
    </main>
  );
}

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
      <pre class="sheet wrap">{command}</pre>
    </main>
  );
}

// The page: the way in for who is not signed in, else the shell with the view of the address.

import { SignIn, TryAgain } from '../session/sign_in.tsx';
import { session } from '../session/session.ts';
import { Shell } from './shell.tsx';

/** The whole page. */
export function App() {
  const current = session.value;
  if (current.kind === 'starting') return <p class="sign-in quiet">One moment …</p>;
  if (current.kind === 'signed_out') return <SignIn />;
  return current.kind === 'unreachable' ? <TryAgain {...current} /> : <Shell />;
}

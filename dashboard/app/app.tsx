// The page: the way in for who is not signed in, else the shell with the view of the address.

import { SignIn } from '../session/sign_in.tsx';
import { session } from '../session/session.ts';
import { Shell } from './shell.tsx';

/** The whole page. */
export function App() {
  const { kind } = session.value;
  if (kind === 'starting') return <p class="sign-in quiet">Signing in …</p>;
  return kind === 'signed_in' ? <Shell /> : <SignIn />;
}

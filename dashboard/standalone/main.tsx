// The page that verifies tokens on its own: one file, without a gateway, without a network.

import { render } from 'preact';
import '../app/style.css';
import { Verify } from '../views/verify.tsx';

function Page() {
  return (
    <main>
      <h1>Verify tokens</h1>
      <p class="quiet">
        This file is the whole program. It cannot reach any network; what you paste stays in it.
      </p>
      <Verify subject="" standsAlone />
    </main>
  );
}

const root = document.querySelector('#app');
if (root !== null) render(<Page />, root);

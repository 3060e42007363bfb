// Says to an operator who may only look why there is nothing to press.

import { mayWrite } from './session.ts';

/** A sentence in place of the buttons; nothing for who has them. */
export function OnlyLook({ what }: { readonly what: string }) {
  return mayWrite() ? null : (
    <p class="quiet">
      You may look, not change: {what} takes the scope <code>admin:write</code>.
    </p>
  );
}

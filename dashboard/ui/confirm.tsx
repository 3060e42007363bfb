// Asks before something that cannot be taken back, and says what it will do.

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { wordsOf } from './words.ts';

/** What is asked. */
export interface Question {
  readonly title: string;
  /** What will happen, in full sentences. */
  readonly effects: readonly string[];
  /** The word on the button. */
  readonly verb: string;
  readonly act: () => Promise<void>;
}

interface ConfirmProps {
  readonly question: Question;
  readonly onClose: () => void;
  readonly children?: ComponentChildren;
}

/** The question, in front of everything else until it is answered. */
export function Confirm({ question: { title, effects, verb, act }, onClose }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const busy = useSignal(false);
  const failed = useSignal<string | undefined>(undefined);

  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  async function confirm(): Promise<void> {
    busy.value = true;
    try {
      await act();
      dialog.current?.close();
    } catch (error) {
      failed.value = wordsOf(error, 'It failed');
    }
    busy.value = false;
  }

  return (
    <dialog ref={dialog} aria-labelledby="question" onClose={onClose}>
      <div class="question">
        <h2 id="question">{title}</h2>
        <ul class="effects">
          {effects.map((effect) => (
            <li key={effect}>{effect}</li>
          ))}
        </ul>
        {failed.value === undefined ? null : (
          <p class="bad" role="alert">
            {failed}
          </p>
        )}
        <div class="row">
          <button type="button" class="danger" disabled={busy} onClick={() => void confirm()}>
            {verb}
          </button>
          <button type="button" autofocus onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </div>
    </dialog>
  );
}

// Something that is asked for once, and again on demand: what came, or why nothing did.

import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { wordsOf } from './words.ts';

/** What a question has brought so far. */
export interface Loaded<T> {
  readonly value: ReadonlySignal<T | undefined>;
  readonly error: ReadonlySignal<string | undefined>;
  readonly reload: () => Promise<void>;
}

/** Asks when the component appears, and when `about` changes. The newest answer counts. */
export function useLoaded<T>(load: () => Promise<T>, about: string): Loaded<T> {
  const value = useSignal<T | undefined>(undefined);
  const error = useSignal<string | undefined>(undefined);
  const turn = useRef(0);

  async function reload(): Promise<void> {
    const own = ++turn.current;
    try {
      const answer = await load();
      if (own !== turn.current) return;
      value.value = answer;
      error.value = undefined;
    } catch (cause) {
      if (own === turn.current) error.value = wordsOf(cause, 'It failed');
    }
  }

  useEffect(() => {
    value.value = undefined;
    void reload();
    return () => {
      turn.current++;
    };
  }, [about]);
  return { value, error, reload };
}

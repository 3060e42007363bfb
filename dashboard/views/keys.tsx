// The signing keys on their way from next to retired; rotate now, or declare one compromised.

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { admin } from '../api/admin.ts';
import type { SigningKeyState } from '../api/shapes.ts';
import { Confirm, type Question } from '../ui/confirm.tsx';
import { inert, moment } from '../ui/format.ts';
import { Ago } from '../ui/time.tsx';
import { useLoaded } from '../ui/use_loaded.ts';
import { OnlyLook } from '../session/only_look.tsx';
import { mayWrite } from '../session/session.ts';

const question = signal<Question | undefined>(undefined);
const every = 5000;

const meaning: Readonly<Record<string, string>> = {
  next: 'published, signs soon',
  active: 'signs now',
  retiring: 'signs no more, still verifies',
  retired: 'is not accepted any more',
};
const states = ['next', 'active', 'retiring', 'retired'] as const;

/** The view of the keys. */
export function Keys() {
  const { value, error, reload } = useLoaded(admin.keys, '');
  useEffect(() => {
    const timer = setInterval(() => void reload(), every);
    return () => clearInterval(timer);
  }, []);
  const loaded = value.value;
  if (loaded === undefined) return <p role="status">{error.value ?? 'Looking …'}</p>;
  const done = (): void => void reload();
  return (
    <>
      <ol class="timeline" aria-label="The life of a key">
        {states.map((state) => (
          <li key={state} class="sheet">
            <h2>{state}</h2>
            <p class="quiet">{meaning[state]}</p>
            <KeyList keys={loaded.keys.filter((key) => key.state === state)} done={done} />
          </li>
        ))}
      </ol>
      {mayWrite() ? (
        <div class="row">
          <button type="button" class="main" onClick={() => askToRotate(done)}>
            Rotate now
          </button>
        </div>
      ) : (
        <OnlyLook what="rotating keys" />
      )}
      {question.value === undefined ? null : (
        <Confirm question={question.value} onClose={() => (question.value = undefined)} />
      )}
    </>
  );
}

function askToRotate(done: () => void): void {
  question.value = {
    title: 'Rotate the signing key now?',
    effects: [
      'A new key is published, and signs as soon as every verifier can have it.',
      'Tokens of the old key stay valid until they expire.',
    ],
    verb: 'Rotate now',
    async act() {
      await admin.rotate();
      done();
    },
  };
}

function askToCompromise(kid: string, done: () => void): void {
  question.value = {
    title: `Declare the key ${inert(kid)} compromised?`,
    effects: [
      'Every token that it ever signed is refused everywhere within a second; all their sockets close.',
      'All agents of these tokens have to ask for new ones, which their clients do by themselves.',
      'This cannot be taken back.',
    ],
    verb: 'Declare it compromised',
    async act() {
      await admin.compromise(kid);
      done();
    },
  };
}

interface KeyListProps {
  readonly keys: readonly SigningKeyState[];
  readonly done: () => void;
}

function KeyList({ keys, done }: KeyListProps) {
  if (keys.length === 0) return <p>–</p>;
  return (
    <>
      {keys.map(({ kid, alg, made_at: made, since, compromised }) => (
        <article key={kid} class="key">
          <p class="mono">{inert(kid)}</p>
          <p class="quiet">
            {inert(alg)}, made <Ago at={made} />, so since {moment(since)}
          </p>
          {compromised ? <p class="bad">compromised</p> : null}
          {mayWrite() && !compromised ? (
            <button type="button" onClick={() => askToCompromise(kid, done)}>
              Mark as compromised …
            </button>
          ) : null}
        </article>
      ))}
    </>
  );
}

// Which view is shown: the part of the address after #, as a signal.

import { computed, signal } from '@preact/signals';

/** One view and what it is about, such as an agent's id. */
export interface Place {
  readonly view: string;
  /** Decoded; empty without one. */
  readonly subject: string;
}

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** Where the reader is. */
export const place = computed<Place>(() => {
  const [view = '', ...rest] = hash.value.replace(/^#\/?/, '').split('/');
  return { view: view === '' ? 'overview' : view, subject: decode(rest.join('/')) };
});

/** The address of a view. */
export function addressOf(view: string, subject?: string): string {
  return subject === undefined ? `#/${view}` : `#/${view}/${encodeURIComponent(subject)}`;
}

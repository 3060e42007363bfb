// What doctor finds: good, doubtful or wrong, and what to do about it

/** One thing that was looked at. */
export interface Finding {
  readonly state: 'ok' | 'warning' | 'wrong';
  readonly what: string;
  readonly found: string;
  readonly advice?: string;
}

/** All is well. */
export const ok = (what: string, found: string): Finding => ({ state: 'ok', what, found });

/** It works, but perhaps not as it is meant. */
export const warning = (what: string, found: string, advice: string): Finding => ({
  state: 'warning',
  what,
  found,
  advice,
});

/** It does not work, or is not safe. */
export const wrong = (what: string, found: string, advice: string): Finding => ({
  state: 'wrong',
  what,
  found,
  advice,
});

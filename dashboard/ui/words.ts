// The words of a failure: they may be a server's own, so they are shown inert like all other text.

import { inert } from './format.ts';

/** What an error says, or other words for what is none. */
export const wordsOf = (error: unknown, otherwise: string): string =>
  error instanceof Error ? inert(error.message) : otherwise;

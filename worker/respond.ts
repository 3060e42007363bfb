// Answers: JSON that nobody caches, with all of its headers at once.

import { createBoundedMap } from './bounded_map.ts';

const plain = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};
// Made once, and copied for each answer: as headers that is a third cheaper than as an object
const headers = new Headers(plain);
// What answers say of budgets repeats itself. A header that is added later costs as much as the answer
const known = createBoundedMap<Headers>(1000);

/** Headers of an answer, by name. */
export type Headed = Readonly<Record<string, string>>;

/** JSON that is about to be answered: its headers are not known yet. */
export interface Answer {
  readonly text: string;
  readonly status: number;
}

/** A value as JSON that is about to be answered. */
export function answer(value: object, status = 200): Answer {
  return { text: JSON.stringify(value), status };
}

/** An answer whose body is a value as JSON. */
export function json(value: object, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers });
}

function headersWith(headed: Headed): Headers {
  const key = JSON.stringify(headed);
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = new Headers({ ...plain, ...headed });
  known.set(key, made);
  return made;
}

/** Answers, and says something more in the headers. */
export function respond(made: Answer | Response, headed: Headed): Response {
  if (!(made instanceof Response)) {
    return new Response(made.text, { status: made.status, headers: headersWith(headed) });
  }
  // A socket's answer belongs to the runtime
  if (made.webSocket !== null) return made;
  // Targets make their answers themselves: none is one that came from elsewhere, whose headers are fixed
  for (const [name, value] of Object.entries(headed)) made.headers.set(name, value);
  return made;
}

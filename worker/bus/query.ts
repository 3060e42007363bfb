// Query parameters of the bus routes: each at most once, and of exactly the form that is documented.

import { TokenError } from '../../src/verify/index.ts';

/** A parameter's value, or `undefined` when it is not there. */
export function textParameter(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) throw new TokenError('message_malformed');
  return values[0];
}

/** A whole number within a range, or the default when the parameter is not there. */
export function numberParameter(
  query: URLSearchParams,
  name: string,
  range: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  const value = textParameter(query, name);
  if (value === undefined) return range.fallback;
  const number = /^\d{1,4}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= range.min && number <= range.max)) throw new TokenError('message_malformed');
  return number;
}

// How long an answer stays fresh, within bounds that the caller sets (RFC 9111 sections 4.2 and 5.2.2).

const digits = /^\d{1,10}$/;

/**
 * Seconds for which an answer is fresh, counted from its request.
 *
 * An answer without `Cache-Control` is fresh for the whole ceiling; whatever it says, never for
 * less than the floor and never for more than the ceiling.
 */
export function freshFor(
  headers: Headers,
  bounds: { readonly floor: number; readonly ceiling: number },
): number {
  const { floor, ceiling } = bounds;
  let lifetime = ceiling;
  for (const directive of (headers.get('cache-control') ?? '').split(',')) {
    const [name = '', value = ''] = directive.trim().toLowerCase().split('=', 2);
    if (name === 'no-store' || name === 'no-cache') return floor;
    if (name === 'max-age') lifetime = seconds(value) ?? 0;
  }
  // What a shared cache already used up of it.
  const age = seconds(headers.get('age') ?? '') ?? 0;
  return Math.min(Math.max(lifetime - age, floor), ceiling);
}

function seconds(text: string): number | undefined {
  return digits.test(text) ? Number(text) : undefined;
}

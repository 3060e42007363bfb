// How long a revocation took to be known: measured by this page's own view of the public feed.

/** Milliseconds. */
const every = 50;
const patience = 10_000;

/**
 * Asks the feed until a record is in it. Answers the milliseconds since `began`; `undefined` when
 * it did not come in time. What gateways do with it they do at the same time, from the same log.
 */
export async function untilPublished(seq: number, began: number): Promise<number | undefined> {
  const url = new URL(`/revocations?after=${seq - 1}`, location.origin);
  while (performance.now() - began < patience) {
    try {
      const response = await fetch(url, { credentials: 'omit', cache: 'no-store' });
      const page = (await response.json()) as { readonly seq?: unknown };
      if (typeof page.seq === 'number' && page.seq >= seq) return performance.now() - began;
    } catch {
      // Asked again as long as there is patience
    }
    await new Promise((resolve) => setTimeout(resolve, every));
  }
  return undefined;
}

// ISO 8601 instants in UTC, as envelopes carry them.

const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|\+00:00)$/;

/**
 * Reads an instant: milliseconds since the epoch, or `undefined` when it is not one.
 *
 * Takes the extended format with seconds, a fraction of up to nine digits (what is finer than a
 * millisecond is cut off), and `Z` or a zero offset. Refuses what no calendar or clock has, and a
 * 60th second, which `Date` cannot hold.
 */
export function readInstant(value: unknown): number | undefined {
  const match = typeof value === 'string' ? pattern.exec(value) : null;
  if (match === null) return undefined;
  const [, seconds = '', fraction = ''] = match;
  const instant = Date.parse(`${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  if (Number.isNaN(instant)) return undefined;
  // Some engines roll 30 February over into March: then the text comes back changed
  return new Date(instant).toISOString().startsWith(seconds) ? instant : undefined;
}

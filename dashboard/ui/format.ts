// How numbers, times and strings from elsewhere are written.

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** A number with at most one digit after the point. */
export const number = (value: number): string => plain.format(value);

const units: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
];

/** A length of time in its largest whole unit, such as `14 min`. */
export function duration(seconds: number): string {
  const size = Math.abs(seconds);
  const [unit, name] = units.find(([length]) => size >= length) ?? [1, 's'];
  return `${Math.floor(size / unit)} ${name}`;
}

/** A moment by the reader's clock. */
export const moment = (seconds: number): string =>
  Number.isFinite(seconds) && Math.abs(seconds) < 8.64e12
    ? new Date(seconds * 1000).toLocaleString(undefined, { hour12: false })
    : 'no such date';

/**
 * Text from elsewhere with everything that could move, hide or reverse its neighbours spelled out:
 * controls, direction marks, separators, invisible characters.
 */
export const inert = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu,
    (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`,
  );

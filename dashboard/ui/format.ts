// How numbers, times and strings from elsewhere are written. Without Intl: it throws where the system's language is `C`.

/** A number with at most one digit after the point, its thousands apart. */
export function number(value: number): string {
  const [whole = '0', rest] = String(Math.round(value * 10) / 10).split('.');
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

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

const two = (value: number): string => String(value).padStart(2, '0');

/** Whether a claim's number is a moment that a calendar knows. */
export const isDate = (seconds: number): boolean =>
  Number.isFinite(seconds) && Math.abs(seconds) < 8.64e12;

/** The time of day by the reader's clock. */
export function clock(seconds: number): string {
  const date = new Date(seconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

/** A moment by the reader's clock, in the order that every reader can sort. */
export function moment(seconds: number): string {
  if (!isDate(seconds)) return 'no such date';
  const date = new Date(seconds * 1000);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(two).join('-');
  return `${day} ${clock(seconds)}`;
}

/**
 * Text from elsewhere with everything that could move, hide or reverse its neighbours spelled out:
 * controls, direction marks, separators, invisible characters.
 */
export const inert = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu,
    (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`,
  );

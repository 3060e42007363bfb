// Text from outside, made harmless for a record: printable ASCII, on one line, of bounded length.

const maxLength = 128;
const plain = /^[\x20-\x5b\x5d-\x7e]*$/;
const special = /[^\x20-\x5b\x5d-\x7e]/gu;

const escaped = (character: string): string =>
  `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** Cuts a text, and spells out everything that a terminal, a page or a log could take for more than text. */
export function clean(text: string, max: number = maxLength): string {
  const cut = text.length > max;
  const kept = cut ? text.slice(0, max) : text;
  const safe = plain.test(kept) ? kept : kept.replaceAll(special, escaped);
  return cut ? `${safe}...` : safe;
}

// Names of mailboxes on disk: one for each agent id and back, on every disk that there is

import { isAgentId } from '../../src/index.ts';

const plain = /^[A-Za-z0-9._-]$/;

const escaped = (byte: number): string => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;

/** The folder of an agent: every byte outside `A-Z a-z 0-9 . _ -`, and a leading dot, is `=XX`. */
export function encodeName(id: string): string {
  const encode = (byte: number, at: number): string => {
    const character = String.fromCharCode(byte);
    const isHidden = at === 0 && character === '.';
    return plain.test(character) && !isHidden ? character : escaped(byte);
  };
  return Array.from(new TextEncoder().encode(id), encode).join('');
}

/** The agent of a folder; `undefined` for what is no agent's, or would be written otherwise. */
export function decodeName(name: string): string | undefined {
  if (!/^(?:[A-Za-z0-9._-]|=[0-9A-F]{2})+$/.test(name)) return undefined;
  const id = name.replaceAll(/=(..)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  // Ids are ASCII: what was another byte is no id
  return isAgentId(id) && encodeName(id) === name ? id : undefined;
}

/** Two ids with the same one share a folder where a disk does not tell capitals apart. */
export function foldedName(id: string): string {
  return encodeName(id).toLowerCase();
}

/** The ids of which another has the same folded name. */
export function mergedIds(ids: Iterable<string>): ReadonlySet<string> {
  const byName = new Map<string, string>();
  const merged = new Set<string>();
  for (const id of ids) {
    const other = byName.get(foldedName(id));
    if (other === undefined) byName.set(foldedName(id), id);
    else if (other !== id) for (const one of [other, id]) merged.add(one);
  }
  return merged;
}

/** The file of a message, as the script of the bus names it: in order of time where names are sorted. */
export function messageName({ ts, id }: { readonly ts: string; readonly id: string }): string {
  // Windows takes a colon for a stream of the file
  const time = process.platform === 'win32' ? encodeName(ts) : ts;
  return `${time}_${id.toLowerCase()}.json`;
}

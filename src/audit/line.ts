// One line of an audit log: how it is written, hashed and read. There is one spelling of each.

import { encodeBase64url } from '../token/base64url.ts';

/** What stands before the first entry of a shard, and before the first manifest. */
export const genesis: string = 'A'.repeat(43);

/** An entry of a shard's chain. */
export interface EntryLine {
  readonly kind: 'record' | 'summary' | 'gap';
  readonly shard: number;
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
  /** Of a `gap`: whose records were lost, and which. */
  readonly writer: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** A line that was read. */
export type AuditLine =
  | EntryLine
  | { readonly kind: 'start'; readonly shard: number; readonly seq: number; readonly hash: string }
  | { readonly kind: 'manifest_start'; readonly seq: number; readonly hash: string }
  | { readonly kind: 'checkpoint'; readonly shard: number; readonly jws: string }
  | {
      readonly kind: 'manifest';
      readonly jws: string | undefined;
      readonly statement: string | undefined;
    }
  | { readonly kind: 'cursor' };

/** A manifest of many shards is the longest line. */
const maxLine = 131_072;
const printable = /^[\x20-\x7e]+$/;
const hashForm = /^[\w-]{43}$/;
const hashMember = /,"hash":"[\w-]{43}"\}$/;
const encoder = new TextEncoder();

/** Base64url of SHA-256 over a text. */
export async function hashText(text: string): Promise<string> {
  return encodeBase64url(
    new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))),
  );
}

/**
 * Writes an entry as a line: its members as they stand, and last the hash over all of them.
 *
 * For who keeps a log. Checks nothing: members must be JSON of printable ASCII, `kind`, `shard`,
 * `seq` and `prev` among them; as text they must stand as `JSON.stringify` spells them.
 *
 * @example
 * ```ts
 * import { writeAuditEntry } from 'swarmgate/audit';
 *
 * const entry = { kind: 'record', shard: 0, seq: 1, prev: 'A'.repeat(43), writer: 'w', at: 0 };
 * const { line, hash } = await writeAuditEntry(entry);
 * if (!line.endsWith(`,"hash":"${hash}"}`)) throw new Error('unexpected');
 * ```
 */
export async function writeAuditEntry(
  members: string | Readonly<Record<string, unknown>>,
): Promise<{ readonly line: string; readonly hash: string }> {
  const text = typeof members === 'string' ? members : JSON.stringify(members);
  const hash = await hashText(text);
  return { line: `${text.slice(0, -1)},"hash":"${hash}"}`, hash };
}

/** The hash that an entry's line should have: over everything but that member. */
export function hashOfEntry(line: string): Promise<string> {
  return hashText(line.replace(hashMember, '}'));
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
const isHash = (value: unknown): value is string =>
  typeof value === 'string' && hashForm.test(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

type Members = Readonly<Record<string, unknown>>;

function readEntry(line: string, kind: EntryLine['kind'], members: Members): EntryLine | undefined {
  const { shard, seq, prev, hash, writer, from, to } = members;
  if (!isCount(shard) || !isCount(seq) || seq === 0) return undefined;
  if (!isHash(prev) || !isHash(hash) || !isText(writer) || !hashMember.test(line)) return undefined;
  if (kind !== 'gap')
    return { kind, shard, seq, prev, hash, writer, from: undefined, to: undefined };
  return isCount(from) && isCount(to)
    ? { kind, shard, seq, prev, hash, writer, from, to }
    : undefined;
}

function readManifest({ jws, statement }: Members): AuditLine | undefined {
  if (isText(jws) && statement === undefined) return { kind: 'manifest', jws, statement };
  return isText(statement) && jws === undefined ? { kind: 'manifest', jws, statement } : undefined;
}

function readMembers(line: string, members: Members): AuditLine | undefined {
  const { kind, shard, seq, hash, jws } = members;
  switch (kind) {
    case 'record':
    case 'summary':
    case 'gap':
      return readEntry(line, kind, members);
    case 'start':
      return isCount(shard) && isCount(seq) && isHash(hash)
        ? { kind, shard, seq, hash }
        : undefined;
    case 'manifest_start':
      return isCount(seq) && isHash(hash) ? { kind, seq, hash } : undefined;
    case 'checkpoint':
      return isCount(shard) && isText(jws) ? { kind, shard, jws } : undefined;
    case 'manifest':
      return readManifest(members);
    case 'cursor':
      return { kind };
    default:
      return undefined;
  }
}

/**
 * Reads a line; `undefined` for one that is none, or is spelled in another way than it is written:
 * with a name twice, say, which readers would understand differently.
 */
export function readLine(line: string): AuditLine | undefined {
  if (line.length > maxLine || !printable.test(line)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || JSON.stringify(value) !== line)
    return undefined;
  return readMembers(line, value as Members);
}

// Reads the audit log over all shards, page by page: the lines of /admin/audit and where each page ends.

import type { AuditLog, ManifestSpan } from './audit_log.ts';
import { manifestStub, shardStub } from './audit_stubs.ts';
import { formatCursor, parseCursor, type Cursor } from './export_cursor.ts';
import type { StoredManifest } from './manifest_store.ts';

/** Where the log is. */
export interface LogSource {
  readonly namespace: DurableObjectNamespace<AuditLog>;
  /** How many shards are written to now; there may be more in older manifests. */
  readonly shards: number;
}

/** One page. */
export interface LogPage {
  readonly lines: readonly string[];
  /** The cursor of the next page. */
  readonly after: string;
  /** Whether that page has something now. */
  readonly more: boolean;
}

const manifestsAtOnce = 50;
const genesis = 'A'.repeat(43);

/** The lines of a page as they are gathered. */
interface Gathered {
  readonly lines: string[];
  readonly cursor: Cursor;
  readonly limit: number;
}

const isFull = ({ lines, limit }: Gathered): boolean => lines.length >= limit;

function shardsOf({ shards }: LogSource, newest: StoredManifest | undefined): number {
  return Math.max(shards, ...(newest?.shards.map(({ shard }) => shard + 1) ?? []));
}

/** What the log begins after, as the newest manifest says. */
function begin(
  { newest, oldest }: ManifestSpan,
  shards: number,
): { lines: string[]; cursor: Cursor } {
  const lines: string[] = [];
  const cursor: Cursor = { manifest: (oldest?.seq ?? 1) - 1, shards: [] };
  for (let shard = 0; shard < shards; shard++) {
    const start = newest?.shards.find((listed) => listed.shard === shard)?.start;
    const { seq, hash } = start ?? { seq: 0, hash: genesis };
    cursor.shards.push({ seq, checkpoint: seq });
    lines.push(JSON.stringify({ kind: 'start', shard, seq, hash }));
  }
  const hash = oldest?.prev ?? genesis;
  lines.push(JSON.stringify({ kind: 'manifest_start', seq: cursor.manifest, hash }));
  return { lines, cursor };
}

/** Gathers the entries of a shard, up to one of them. */
async function gather(
  { namespace }: LogSource,
  page: Gathered,
  shard: number,
  upTo: number | undefined,
): Promise<'expired' | undefined> {
  const place = page.cursor.shards[shard] ?? { seq: 0, checkpoint: 0 };
  if (upTo !== undefined && place.seq >= upTo) return undefined;
  const room = page.limit - page.lines.length;
  const read = await shardStub(namespace, shard).read(place, upTo, room);
  if (read === 'expired') return read;
  page.lines.push(...read.lines);
  page.cursor.shards[shard] = { seq: read.seq, checkpoint: read.checkpoint };
  return undefined;
}

/** Gathers what a manifest lists, and then the manifest; `false` when the page is full before that. */
async function gatherManifest(
  source: LogSource,
  page: Gathered,
  manifest: StoredManifest,
): Promise<boolean | 'expired'> {
  for (const { shard, seq } of manifest.shards) {
    if (isFull(page)) return false;
    if ((await gather(source, page, shard, seq)) === 'expired') return 'expired';
    if ((page.cursor.shards[shard]?.seq ?? 0) < seq) return false;
  }
  page.lines.push(manifest.line);
  page.cursor.manifest = manifest.seq;
  return true;
}

/** Reads the page after a cursor, or the first one. */
export async function readPage(
  source: LogSource,
  after: string | undefined,
  limit: number,
): Promise<LogPage | 'expired' | 'malformed'> {
  const known = after === undefined ? undefined : parseCursor(after);
  if (after !== undefined && known === undefined) return 'malformed';
  const stub = manifestStub(source.namespace);
  const first = await stub.span(known?.manifest ?? 0, manifestsAtOnce);
  const oldest = first.oldest?.seq ?? 1;
  if (known !== undefined && known.manifest < oldest - 1) return 'expired';
  const shards = shardsOf(source, first.newest);
  const begun = known === undefined ? begin(first, shards) : { lines: [], cursor: known };
  const page: Gathered = { ...begun, limit };
  const answer = (more: boolean): LogPage => ({
    lines: page.lines,
    after: formatCursor(page.cursor),
    more,
  });
  for (const manifest of first.next) {
    if (manifest.seq <= page.cursor.manifest) continue;
    const done = isFull(page) ? false : await gatherManifest(source, page, manifest);
    if (done === 'expired') return done;
    if (!done) return answer(true);
  }
  if (first.next.length === manifestsAtOnce) return answer(true);
  for (let shard = 0; shard < shards; shard++) {
    if (isFull(page)) return answer(true);
    if ((await gather(source, page, shard, undefined)) === 'expired') return 'expired';
  }
  return answer(isFull(page));
}

/** A cursor from which about so many entries follow, the same number of every shard. */
export async function nearEnd(source: LogSource, entries: number): Promise<string> {
  const { newest } = await manifestStub(source.namespace).span(0, 0);
  const shards = shardsOf(source, newest);
  const each = Math.ceil(entries / shards);
  const places = Array.from({ length: shards }, async (_, shard) => {
    const { seq: head } = await shardStub(source.namespace, shard).head();
    // What is before that may have been removed already
    const start = newest?.shards.find((listed) => listed.shard === shard)?.start.seq ?? 0;
    const seq = Math.max(start, head - each);
    return { seq, checkpoint: seq };
  });
  return formatCursor({ manifest: newest?.seq ?? 0, shards: await Promise.all(places) });
}

/** The cursor of the very end: what comes after it has not been written yet. */
export async function endOfLog(source: LogSource): Promise<string> {
  const { newest } = await manifestStub(source.namespace).span(0, 0);
  const places = Array.from({ length: shardsOf(source, newest) }, async (_, shard) => {
    const { seq } = await shardStub(source.namespace, shard).head();
    return { seq, checkpoint: seq };
  });
  return formatCursor({ manifest: newest?.seq ?? 0, shards: await Promise.all(places) });
}

// The cursor of an export: how far each shard and the manifests were read. Opaque to readers, checked when it comes back.

/** How far a log was read. */
export interface Cursor {
  manifest: number;
  /** By number of the shard: the last entry, and the entry of the last checkpoint. */
  readonly shards: { seq: number; checkpoint: number }[];
}

const maxLength = 2048;
const maxShards = 64;
const form = /^\d{1,15}(?:[.]\d{1,15}-\d{1,15})*$/;

/** Writes a cursor. */
export function formatCursor({ manifest, shards }: Cursor): string {
  return [manifest, ...shards.map(({ seq, checkpoint }) => `${seq}-${checkpoint}`)].join('.');
}

/** Reads a cursor; `undefined` for what is none. */
export function parseCursor(text: string): Cursor | undefined {
  if (text.length > maxLength || !form.test(text)) return undefined;
  const [manifest = '', ...places] = text.split('.');
  if (places.length > maxShards) return undefined;
  const shards = places.map((place) => {
    const [seq, checkpoint] = place.split('-').map(Number);
    return { seq: seq ?? 0, checkpoint: checkpoint ?? 0 };
  });
  return { manifest: Number(manifest), shards };
}

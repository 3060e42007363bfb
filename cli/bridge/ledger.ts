// What was delivered into a mailbox, remembered on disk for longer than any message can come again

import { constants, createReadStream } from 'node:fs';
import { open, readdir, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureFolder, syncFolder } from './files.ts';

/** A message by its id, and what its bytes are. */
export interface Entry {
  readonly id: string;
  readonly digest: string;
}

/** The memory of one mailbox. */
export interface Ledger {
  /** `other`: the id was delivered with other bytes. */
  look(entry: Entry): 'new' | 'known' | 'other';
  /** Resolves when the disk has them. */
  add(entries: readonly Entry[]): Promise<void>;
  close(): Promise<void>;
}

const hour = 3_600_000;
/** The longest ttl is an hour, and clocks may differ by a minute: this hour and two before it. */
const hours = 3;
const line = /^([0-9a-f-]{36}) ([0-9a-f]{32})$/;

const nameOf = (period: number): string => `${period}.log`;
const periodOf = (name: string): number => Number(/^(\d{1,9})\.log$/.exec(name)?.[1] ?? Number.NaN);

async function read(path: string): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  // A line that a crash cut off was never counted on
  for await (const text of lines) {
    const [, id, digest] = line.exec(text) ?? [];
    if (id !== undefined && digest !== undefined) entries.set(id, digest);
  }
  return entries;
}

/** Opens the ledger in a folder of its own; files that are too old to matter are removed. */
export async function openLedger(
  folder: string,
  now: () => number = () => Date.now(),
): Promise<Ledger> {
  await ensureFolder(folder, 0o700);
  const current = (): number => Math.floor(now() / hour);
  const periods = new Map<number, Map<string, string>>();
  let file: { readonly period: number; readonly handle: FileHandle } | undefined;

  const isOld = (period: number): boolean => period <= current() - hours;

  for (const name of await readdir(folder)) {
    const period = periodOf(name);
    if (Number.isNaN(period)) continue;
    if (isOld(period)) await unlink(join(folder, name));
    else periods.set(period, await read(join(folder, name)));
  }

  async function handleOf(period: number): Promise<FileHandle> {
    if (file?.period === period) return file.handle;
    await file?.handle.close();
    const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY;
    const path = join(folder, nameOf(period));
    const handle = await open(path, flags | constants.O_NOFOLLOW, 0o600);
    file = { period, handle };
    // What a crash cut off must not run into what follows
    await handle.write('\n');
    await syncFolder(folder);
    for (const old of [...periods.keys()].filter(isOld)) {
      periods.delete(old);
      await unlink(join(folder, nameOf(old)));
    }
    return handle;
  }

  return {
    look({ id, digest }) {
      const found = [...periods.values()].map((entries) => entries.get(id));
      const known = found.find((other) => other !== undefined);
      if (known === undefined) return 'new';
      return known === digest ? 'known' : 'other';
    },
    async add(entries) {
      const period = current();
      const handle = await handleOf(period);
      await handle.write(entries.map(({ id, digest }) => `${id} ${digest}\n`).join(''));
      await handle.sync();
      const known = periods.get(period) ?? new Map<string, string>();
      for (const { id, digest } of entries) known.set(id, digest);
      periods.set(period, known);
    },
    close: async () => file?.handle.close(),
  };
}

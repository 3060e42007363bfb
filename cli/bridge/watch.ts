// Notices new messages: by what the system says of folders, and now and then by looking, since it may say nothing

import { watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { checkMailbox, ensureFolder, hasMessages } from './files.ts';
import type { RemoteMailbox } from './out.ts';
import { pause } from './pause.ts';
import { faultOf } from './wire.ts';

/** Seconds between two looks at all folders. */
const every = 5;
/** Seconds between a sign of a new folder and the look at it. */
const soon = 0.1;

/** What the watch works with. */
export interface WatchContext {
  readonly dir: string;
  readonly scan: () => Promise<readonly RemoteMailbox[]>;
  /** Called for a mailbox that may hold messages. */
  readonly wake: (mailbox: RemoteMailbox) => void;
  /** Told of what goes wrong with a folder. */
  readonly report: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Watches until the signal comes. */
export async function watchFolders({
  dir,
  scan,
  wake,
  report,
  signal,
}: WatchContext): Promise<void> {
  const watchers = new Map<string, FSWatcher>();
  let hurry = new AbortController();

  /** Without a watcher, of which a system has only so many, the looks are what is left. */
  function follow(folder: string, onChange: () => void): void {
    if (watchers.has(folder)) return;
    try {
      const watcher = watch(folder, onChange);
      watcher.on('error', () => drop(folder));
      watchers.set(folder, watcher);
    } catch (error) {
      if (faultOf(error) === undefined) throw error;
    }
  }

  function drop(folder: string): void {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  }

  /** What is wrong with one folder is said, and stops nothing else. */
  async function guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (faultOf(error) === undefined) throw error;
      report(error);
    }
  }

  async function lookAround(): Promise<void> {
    const mailboxes = await scan();
    const inboxes = new Set([dir]);
    for (const mailbox of mailboxes) {
      const inbox = join(mailbox.folder, 'inbox');
      inboxes.add(inbox);
      await guarded(async () => {
        await checkMailbox(mailbox.folder);
        await ensureFolder(inbox);
        follow(inbox, () => wake(mailbox));
        const isWaiting =
          (await hasMessages(inbox)) || (await hasMessages(join(mailbox.folder, 'sending')));
        if (isWaiting) wake(mailbox);
      });
    }
    for (const folder of watchers.keys()) if (!inboxes.has(folder)) drop(folder);
  }

  try {
    while (!signal.aborted) {
      hurry = new AbortController();
      follow(dir, () => hurry.abort());
      await guarded(lookAround);
      await pause(every, AbortSignal.any([signal, hurry.signal]));
      if (hurry.signal.aborted) await pause(soon, signal);
    }
  } finally {
    for (const folder of watchers.keys()) drop(folder);
  }
}

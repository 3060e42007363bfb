// Which folders of the bus are mailboxes of agents elsewhere, and which are none at all

import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RemoteMailbox } from './out.ts';
import type { BridgeLog } from './log.ts';
import { decodeName, foldedName, mergedIds } from './names.ts';

/** Looks for mailboxes; says once of each folder that is none why not. */
export function createFolderScan(
  dir: string,
  locals: readonly string[],
  log: BridgeLog,
): () => Promise<readonly RemoteMailbox[]> {
  const own = new Set(locals);
  const ownNames = new Set(locals.map(foldedName));
  const said = new Set<string>();

  function refuse(folder: string, code: string): void {
    if (said.size > 10_000) said.clear();
    if (said.has(folder)) return;
    said.add(folder);
    log.say('refused', { folder, code });
  }

  return async () => {
    const found = new Map<string, string>();
    for await (const entry of await opendir(dir, { bufferSize: 256 })) {
      const { name } = entry;
      if (name.startsWith('.')) continue;
      const id = decodeName(name);
      if (entry.isSymbolicLink()) refuse(name, 'is_a_link');
      // Files beside the mailboxes, such as a README, are nobody's business
      else if (!entry.isDirectory()) continue;
      else if (id === undefined) refuse(name, 'no_name_of_an_agent');
      else if (!own.has(id)) found.set(id, name);
    }
    const merged = mergedIds(found.keys());
    const mailboxes: RemoteMailbox[] = [];
    for (const [agent, name] of found) {
      const isMerged = merged.has(agent) || ownNames.has(foldedName(agent));
      if (isMerged) refuse(name, 'same_name_on_some_disks');
      else mailboxes.push({ agent, folder: join(dir, name) });
    }
    return mailboxes;
  };
}

// The agents on this side: those whose keys are in a folder, or of these the ones that are named

import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SigningKey } from '../../src/index.ts';
import { decodeName, encodeName, mergedIds } from './names.ts';
import { CommandFailure, environment, systemCode, systemReason, usage } from '../output/failure.ts';
import { readSigningKey } from '../input/key_files.ts';

/** An agent that the bridge acts for. */
export interface LocalAgent {
  readonly id: string;
  readonly key: SigningKey;
}

/** As many as an operator can let one agent act for. */
const most = 64;

/** Reads the keys. */
export async function readAgentKeys(
  folder: string,
  named: readonly string[] | undefined,
): Promise<readonly LocalAgent[]> {
  const ids = named ?? (await idsIn(folder));
  if (ids.length === 0 || ids.length > most) {
    throw usage(`--agent-keys must have the keys of 1 to ${most} agents, each as <agent>.json`);
  }
  const merged = [...mergedIds(ids)];
  if (merged.length > 0) {
    throw usage(`On some disks these agents would share a folder: ${merged.join(', ')}`);
  }
  const agents: LocalAgent[] = [];
  for (const id of ids) {
    const key = await readSigningKey(join(folder, `${encodeName(id)}.json`), undefined);
    agents.push({ id, key });
  }
  return agents;
}

async function idsIn(folder: string): Promise<readonly string[]> {
  const ids: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) {
      if (!name.endsWith('.json') || name.endsWith('.pub.json')) continue;
      const id = decodeName(name.slice(0, -'.json'.length));
      if (id === undefined) throw usage(`"${name}" in --agent-keys is not the name of an agent`);
      ids.push(id);
    }
  } catch (error) {
    if (error instanceof CommandFailure || systemCode(error) === undefined) throw error;
    throw environment(`Cannot read "${folder}" (--agent-keys): ${systemReason(error)}`);
  }
  return ids.sort();
}

// Why a message was set aside, in a file beside it

import { join } from 'node:path';
import { writeDraft } from './files.ts';

/** Writes the reason: `<file>.reason`, one JSON object. */
export async function writeReason(
  folder: string,
  file: string,
  reason: Readonly<Record<string, string>>,
): Promise<void> {
  const text = JSON.stringify({ at: new Date().toISOString(), ...reason });
  await writeDraft(join(folder, `${file}.reason`), Buffer.from(`${text}\n`));
}

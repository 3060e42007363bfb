// Used proofs on disk: one file for each, made only if it is not there, so that it is used once by all processes

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReplayGuard } from '../../src/verify/index.ts';
import { systemCode } from '../output/failure.ts';
import { keep, openPrivateFolder, readKept } from './folder.ts';

/** Seconds that one folder of used proofs covers. */
const span = 60;
/** Folders that are kept after their proofs are over: a clock may be set back a little. */
const keptSpans = 2;
const forgottenName = 'forgotten';

/**
 * Opens the memory in a gate's folder. It throws where nobody can tell whether a proof was used: then
 * the proof does not count.
 */
export function openUsedProofs(folder: string): ReplayGuard {
  return {
    async use(id, expiresAt) {
      const proofs = openPrivateFolder(join(openPrivateFolder(folder), 'proofs'));
      const bucket = Math.floor(expiresAt / span);
      const forgotten = forget(proofs);
      // What was forgotten cannot be told from new; only a clock that was set back asks for it
      if (bucket <= forgotten) return false;
      const place = join(proofs, String(bucket));
      mkdirSync(place, { recursive: true, mode: 0o700 });
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id));
      const name = Buffer.from(digest).toString('base64url');
      try {
        // O_EXCL: of several processes at once, one makes it
        writeFileSync(join(place, name), '', { flag: 'wx', mode: 0o600 });
        return true;
      } catch (error) {
        if (systemCode(error) === 'EEXIST') return false;
        throw error;
      }
    },
  };
}

/** Removes folders whose proofs are over, and answers the newest one that ever was. */
function forget(proofs: string): number {
  const before = Number(readKept(proofs, forgottenName, 32) ?? -1);
  const last = Math.floor(Date.now() / 1000 / span) - keptSpans;
  const over = readdirSync(proofs).filter((name) => /^\d{1,12}$/.test(name) && Number(name) < last);
  const forgotten = Math.max(before, ...over.map(Number));
  if (forgotten > before) keep(proofs, forgottenName, String(forgotten));
  for (const name of over) rmSync(join(proofs, name), { recursive: true, force: true });
  return Number.isFinite(forgotten) ? forgotten : Infinity;
}

// Keeps what V8 compiled between calls, where Node can: in a folder that nobody else can write

import module from 'node:module';
import { join } from 'node:path';
import { gateFolder, openPrivateFolder } from './gate/folder.ts';

/** Switches it on; without it everything works, only later. */
export function keepCompiled(): void {
  // Node's own default lies under /tmp, where others could put code in its place
  const { SWARMGATE_GATE_DIR: given = '', NODE_COMPILE_CACHE: chosen = '' } = process.env;
  // Node 20 has no such function, and who chose a place has switched it on
  if (chosen !== '' || typeof module.enableCompileCache !== 'function') return;
  try {
    const folder = gateFolder(given === '' ? undefined : given, process.env);
    openPrivateFolder(folder);
    module.enableCompileCache(openPrivateFolder(join(folder, 'compiled')));
  } catch {
    // No such folder can be made here
  }
}

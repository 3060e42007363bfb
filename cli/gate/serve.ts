// `swarmgate gate --serve`: a gate that stays, and answers scripts at pipes and at a Unix socket

import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { environment, systemReason } from '../output/failure.ts';
import { GateFault } from './fault.ts';
import { openPrivateFolder } from './folder.ts';
import { openGate } from './judge.ts';
import { answerLine } from './line.ts';
import { comparable, readGateSettings, type GateSettings, type GivenOptions } from './settings.ts';
import { identityOf, listen } from './socket.ts';
import { openSlots } from './slots.ts';
import { printNote } from '../output/output.ts';

/** Milliseconds between two looks at the revocations, and at the own socket. */
const upkeepEvery = 1000;
/** Milliseconds for questions that are being answered at the end. */
const graceAtEnd = 1000;
const maxPending = 256;

/** Serves until SIGTERM or SIGINT. */
export async function serveGate(given: GivenOptions): Promise<void> {
  if (process.platform === 'win32') throw environment('--serve needs Unix sockets and named pipes');
  const settings = readGateSettings(given, process.env);
  if (settings.issuers.length === 0) {
    throw environment(
      'No key is configured: set YAMTAM_AGENT_PUBKEY or SWARMGATE_JWKS, or name one with --key, --jwks or --url',
    );
  }
  const folder = privateFolder(settings.folder);
  let gate = openGate(settings);
  await gate.ready().catch((error: unknown) => {
    throw error instanceof GateFault ? environment(error.message) : error;
  });
  await gate.revocations?.refresh();
  let read = keyFilesOf(settings);
  const pending = new Set<Promise<string>>();
  const answer = (line: string): Promise<string> => {
    if (pending.size >= maxPending) return Promise.resolve('error busy');
    const answering = answerLine(gate, line).finally(() => pending.delete(answering));
    pending.add(answering);
    return answering;
  };

  const path = join(folder, 'gate.sock');
  const server = await listen(path, answer);
  const own = identityOf(path);
  const settingsFolder = writeSettings(folder, given);
  const ask = privateFolder(join(folder, 'ask'));
  const slots = await openSlots(ask, answer, () => {
    printNote('Pipes for scripts cannot be made (mkfifo): they start a gate of their own');
  }).catch((error: unknown) => {
    server.close();
    throw environment(`Pipes for scripts cannot be made (mkfifo): ${systemReason(error)}`);
  });

  let upkeep: NodeJS.Timeout | undefined;
  const ended = await new Promise<'signal' | 'replaced'>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => resolve('signal'));
    }
    upkeep = setInterval(() => {
      if (identityOf(path) !== own) resolve('replaced');
      const now = keyFilesOf(settings);
      // A key that was taken out of a file must not count until somebody restarts this
      if (now !== read) gate = openGate(settings);
      read = now;
      void gate.revocations?.refresh();
    }, upkeepEvery);
    // Whoever reads this may send a signal at once
    printNote(`ready ${path}`);
  });
  clearInterval(upkeep);
  server.close();
  await Promise.race([Promise.allSettled(pending), pause(graceAtEnd)]);
  slots.close();
  if (ended === 'replaced') throw environment("The socket is gone, or is another server's");
  rmSync(settingsFolder, { recursive: true, force: true });
  process.exit(0);
}

function privateFolder(path: string): string {
  try {
    return openPrivateFolder(path);
  } catch (error) {
    const reason = error instanceof Error && !('code' in error) ? error.message : undefined;
    throw environment(reason ?? `The folder "${path}" cannot be used: ${systemReason(error)}`);
  }
}

/** What the key files are, to notice that one has changed. */
function keyFilesOf({ issuers }: GateSettings): string {
  return issuers
    .map(({ place }) => {
      if (place.kind !== 'file') return '';
      const found = statSync(place.path, { throwIfNoEntry: false });
      return found === undefined ? 'none' : `${found.ino}:${found.size}:${found.mtimeMs}`;
    })
    .join();
}

/** Writes down what scripts compare their own environment with. */
function writeSettings(folder: string, given: GivenOptions): string {
  const place = join(folder, 'settings');
  rmSync(place, { recursive: true, force: true });
  openPrivateFolder(place);
  for (const [name, value] of comparable(given, process.env)) {
    writeFileSync(join(place, name), `${value}\n`, { mode: 0o600 });
  }
  return place;
}

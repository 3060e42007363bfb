// Places where scripts ask a gate's server with what a shell has built in: two pipes each, for one question

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lineReader } from './line.ts';

/** Places that wait for questions. */
export interface Slots {
  readonly close: () => void;
}

/** Waiting at once; who finds none starts a gate of its own. */
const wanted = 64;
/** Milliseconds from a lock to a question; a script may have died in between. */
const patience = 5000;

const run = promisify(execFile);
const { O_RDWR, O_NONBLOCK } = constants;

interface Slot {
  readonly base: string;
  readonly questions: Socket;
  readonly answers: number;
  answering: boolean;
}

/**
 * Makes the places in a folder of its own, which is emptied first.
 *
 * A place is used once: an answer can then not be taken for that to another question. The server
 * holds both pipes open, so that a script notices when it dies.
 */
export async function openSlots(
  folder: string,
  answer: (line: string) => Promise<string>,
  onFailure: () => void,
): Promise<Slots> {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true });
  const slots = new Set<Slot>();
  let isClosed = false;
  let making: Promise<void> | undefined;

  function end(slot: Slot): void {
    if (!slots.delete(slot)) return;
    for (const part of ['q', 'a', 'lock']) rmSync(`${slot.base}.${part}`, { force: true });
    slot.questions.destroy();
    closeSync(slot.answers);
    replenish();
  }

  function open(name: string): void {
    const base = join(folder, name);
    const hidden = join(folder, `.${name}.q`);
    const answers = openSync(`${base}.a`, O_RDWR | O_NONBLOCK);
    const fd = openSync(hidden, O_RDWR | O_NONBLOCK);
    const questions = new Socket({ fd, readable: true, writable: false });
    const slot: Slot = { base, questions, answers, answering: false };
    slots.add(slot);
    const read = lineReader();
    questions.on('error', () => end(slot));
    questions.on('data', (bytes: Buffer) => {
      if (slot.answering) return;
      const line = read(bytes);
      if (line === false) end(slot);
      else if (line !== undefined) respond(slot, line);
    });
    // Only now can a script find it
    renameSync(hidden, `${base}.q`);
  }

  function respond(slot: Slot, line: string): void {
    slot.answering = true;
    say(slot, line)
      .catch(() => {})
      .finally(() => end(slot));
  }

  async function say(slot: Slot, line: string): Promise<void> {
    const text = await answer(line);
    // Shorter than what a pipe always has room for
    if (slots.has(slot))
      writeSync(
        slot.answers,
        `${text}
`,
      );
  }

  async function make(): Promise<void> {
    const names = Array.from({ length: wanted - slots.size }, () => randomBytes(9).toString('hex'));
    const paths = names.flatMap((name) => [join(folder, `${name}.a`), join(folder, `.${name}.q`)]);
    await run('mkfifo', ['-m', '600', ...paths]);
    if (isClosed) for (const path of paths) rmSync(path, { force: true });
    else for (const name of names) open(name);
  }

  function replenish(): void {
    if (isClosed || making !== undefined || slots.size > 0.75 * wanted) return;
    making = make()
      .catch(onFailure)
      .finally(() => {
        making = undefined;
      });
  }

  /** Ends places that were locked, and then left. */
  function sweep(): void {
    for (const slot of slots) {
      const found = statSync(`${slot.base}.lock`, { throwIfNoEntry: false });
      if (found !== undefined && !slot.answering && Date.now() - found.mtimeMs > patience)
        end(slot);
    }
  }

  await make();
  const sweeping = setInterval(sweep, patience);
  return {
    close() {
      isClosed = true;
      clearInterval(sweeping);
      for (const slot of slots) end(slot);
    },
  };
}

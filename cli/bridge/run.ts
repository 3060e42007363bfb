// The bridge at work: one receiver for each agent on this side, one sender for each mailbox elsewhere that has mail

import { join } from 'node:path';
import { createFolderScan } from './folders.ts';
import { deliver, openInbox, type InboundContext, type LocalMailbox } from './in.ts';
import { openLedger } from './ledger.ts';
import type { BridgeLog } from './log.ts';
import { encodeName } from './names.ts';
import { drain, type OutboundContext, type RemoteMailbox } from './out.ts';
import { growing, pause } from './pause.ts';
import { createTurns } from './turns.ts';
import { watchFolders } from './watch.ts';
import { faultOf, type Wire } from './wire.ts';
import { CommandFailure } from '../output/failure.ts';

/** What a bridge joins. */
export interface BridgeSetup {
  /** The folder of mailboxes; a real path. */
  readonly dir: string;
  /** Where its own ledgers are. */
  readonly state: string;
  /** The bridge's id. */
  readonly id: string;
  /** Of the agents on this side. */
  readonly wires: ReadonlyMap<string, Wire>;
  readonly log: BridgeLog;
  /** Everything that is there now, and no more. */
  readonly once: boolean;
  readonly signal: AbortSignal;
}

/** What was left undone, with `once`. */
export type Outcome = 'done' | 'unsent';

const requestsAtOnce = 8;
/**
 * Seconds that the gateway may hold a question for messages. A bridge that is killed leaves one behind,
 * which still takes a message that comes meanwhile: that then comes again, half a minute later.
 */
const wait = 5;
const triesOnce = 4;

/** Runs until the signal comes or, with `once`, until nothing is left to do. */
export async function runBridge(setup: BridgeSetup): Promise<Outcome> {
  const { dir, state, id, wires, log, once, signal: outer } = setup;
  // What ends one part by a mistake ends all of them
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  const inbound: InboundContext = { bridge: id, isLocal: (agent) => wires.has(agent), log, signal };
  const outbound: OutboundContext = {
    wireOf: (agent) => wires.get(agent),
    log,
    signal,
    turns: createTurns(requestsAtOnce),
    broadcasts: new Set(),
    tries: once ? triesOnce : undefined,
  };
  let outcome: Outcome = 'done';
  const report = (error: unknown, about: string): void => {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    if (once) outcome = 'unsent';
    const why = error instanceof CommandFailure ? error.message : undefined;
    log.say(fault.kind === 'later' ? 'waiting' : 'refused', { about, code: fault.code, why });
  };

  const mailboxes: LocalMailbox[] = [];
  for (const [agent, wire] of wires) {
    const name = encodeName(agent);
    const ledger = await openLedger(join(state, name));
    const mailbox = { agent, folder: join(dir, name), wire, ledger };
    await openInbox(mailbox);
    mailboxes.push(mailbox);
  }
  const scan = createFolderScan(dir, [...wires.keys()], log);
  log.say('ready', { agents: [...wires.keys()] });

  const receiving = mailboxes.map((mailbox) => receive(mailbox));
  try {
    await ending([...receiving, once ? sendAll() : sendWhatComes()]);
  } finally {
    for (const { ledger } of mailboxes) await ledger.close();
  }
  return outcome;

  /** Waits for all; a failure of one ends the others, and is thrown when they have ended. */
  async function ending(parts: readonly Promise<void>[]): Promise<void> {
    const results = await Promise.allSettled(
      parts.map((part) =>
        part.catch((error: unknown) => {
          failed.abort();
          throw error;
        }),
      ),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async function receive(mailbox: LocalMailbox): Promise<void> {
    const { agent, wire } = mailbox;
    for (let failures = 0; !signal.aborted;) {
      try {
        // To its end, when the signal comes too: what is leased to nobody would be late
        const messages = await wire.receive(once ? 0 : wait);
        if (once && messages.length === 0) return;
        await deliver(mailbox, messages, inbound);
        failures = 0;
      } catch (error) {
        failures++;
        if (failures === 1 || (once && failures === triesOnce)) report(error, agent);
        const isRefused = faultOf(error)?.kind !== 'later';
        if (once && (isRefused || failures === triesOnce)) return;
        await pause(growing(failures + (isRefused ? 4 : 0)), signal);
      }
    }
  }

  async function sendOut(mailbox: RemoteMailbox): Promise<void> {
    try {
      const left = await drain(mailbox, outbound);
      if (left === 'unsent') outcome = 'unsent';
    } catch (error) {
      report(error, mailbox.agent);
    }
  }

  async function sendAll(): Promise<void> {
    await Promise.all((await scan()).map((mailbox) => sendOut(mailbox)));
  }

  async function sendWhatComes(): Promise<void> {
    const busy = new Map<string, { again: boolean; readonly done: Promise<void> }>();
    const wake = (mailbox: RemoteMailbox): void => {
      const running = busy.get(mailbox.agent);
      if (running !== undefined) {
        running.again = true;
        return;
      }
      const entry = { again: false, done: Promise.resolve() };
      const done = sendOut(mailbox).finally(() => {
        busy.delete(mailbox.agent);
        // It may have come after the last look
        if (entry.again && !signal.aborted) wake(mailbox);
      });
      done.catch(() => failed.abort());
      busy.set(mailbox.agent, Object.assign(entry, { done }));
    };
    await watchFolders({
      dir,
      scan,
      wake,
      report: (error) => report(error, 'folders'),
      signal,
    });
    await Promise.all([...busy.values()].map(({ done }) => done));
  }
}

// Messages out: what scripts put into the inbox of an agent elsewhere is claimed, sent, and kept as processed or rejected

import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { scanJsonObject } from '../../src/index.ts';
import {
  checkMailbox,
  ensureFolder,
  firstMessages,
  moveInto,
  readRegular,
  syncFolder,
} from './files.ts';
import { maxMessageBytes } from './in.ts';
import { lockInbox } from './lock.ts';
import type { BridgeLog } from './log.ts';
import { growing, pause } from './pause.ts';
import { writeReason } from './reason.ts';
import type { Turns } from './turns.ts';
import { faultOf, type Fault, type Wire } from './wire.ts';
import { systemCode } from '../output/failure.ts';

/** A mailbox of an agent elsewhere. */
export interface RemoteMailbox {
  readonly agent: string;
  readonly folder: string;
}

/** What sending needs besides. */
export interface OutboundContext {
  /** Of the agents on this side. */
  readonly wireOf: (agent: string) => Wire | undefined;
  readonly log: BridgeLog;
  readonly signal: AbortSignal;
  /** Who may use the network now. */
  readonly turns: Turns;
  /** Ids of broadcasts that were sent already: their copies need not be. */
  readonly broadcasts: Set<string>;
  /** How often the gateway is tried before the rest is left for later; `undefined`: without end. */
  readonly tries: number | undefined;
}

/** How a mailbox was left. */
export type Left = 'empty' | 'unsent' | 'stopped';

/** So many are claimed at once. */
const batch = 200;
const broadcastsAtMost = 10_000;

interface Read {
  readonly from: string;
  readonly to: string;
  readonly id: string;
  readonly bytes: Buffer;
  /** Of the agent that it is from. */
  readonly wire: Wire;
}

/** Sends what is in a mailbox, in order of the names, until it is empty. */
export async function drain(mailbox: RemoteMailbox, context: OutboundContext): Promise<Left> {
  const sending = join(mailbox.folder, 'sending');
  const { log, signal, tries } = context;
  let locked = 0;
  let left = 0;
  while (!signal.aborted) {
    await checkMailbox(mailbox.folder);
    // What was claimed before a crash is sent first; the gateway knows what it has
    const claimed = await firstMessages(sending, batch);
    if (claimed.length > 0) {
      left = (await sendAll(mailbox, claimed, context)) === 'left' ? left + 1 : 0;
      if (left > 0 && tries !== undefined) return 'unsent';
      // Of agents that the gateway refuses: an operator has to do something
      if (left > 0) await pause(Math.min(60, 5 * left), signal);
      continue;
    }
    const found = await claim(mailbox);
    if (found === 0) return 'empty';
    locked = found === 'locked' ? locked + 1 : 0;
    if (found !== 'locked') continue;
    if (locked === 5) log.say('waiting', { agent: mailbox.agent, code: 'inbox_locked' });
    if (tries !== undefined && locked >= 20) return 'unsent';
    await pause(Math.min(1, growing(locked)), signal);
  }
  return 'stopped';
}

/** Takes messages out of the inbox, under its lock: from here on they are the bridge's. */
async function claim({ folder }: RemoteMailbox): Promise<number | 'locked'> {
  const inbox = join(folder, 'inbox');
  await ensureFolder(inbox);
  const names = await firstMessages(inbox, batch);
  if (names.length === 0) return 0;
  const sending = join(folder, 'sending');
  await ensureFolder(sending);
  const release = await lockInbox(inbox);
  if (release === undefined) return 'locked';
  let count = 0;
  try {
    for (const name of names) {
      // Nothing of that name is in "sending", which was empty
      if (await renamed(join(inbox, name), join(sending, name))) count++;
    }
  } finally {
    await release();
  }
  await syncFolder(sending);
  return count;
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    // A script was quicker
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Sends claimed messages, in their order. */
async function sendAll(
  mailbox: RemoteMailbox,
  names: readonly string[],
  context: OutboundContext,
): Promise<'sent' | 'left'> {
  const { agent, folder } = mailbox;
  const [processed, rejected] = [join(folder, 'processed'), join(folder, 'rejected')];
  await ensureFolder(processed);
  /** The gateway wants nothing of these now. */
  const refused = new Set<string>();
  let isLeft = false;
  for (const name of names) {
    if (context.signal.aborted) return 'left';
    const path = join(folder, 'sending', name);
    const end = await sendOne(mailbox, path, refused, context);
    if (end === 'left') isLeft = true;
    else if (end === 'sent') await moveInto(path, processed, name);
    else if (end !== 'gone') {
      await ensureFolder(rejected);
      await writeReason(rejected, name, { code: end });
      const file = await moveInto(path, rejected, name);
      await syncFolder(rejected);
      context.log.say('set_aside', { agent, code: end, file });
    }
  }
  await syncFolder(processed);
  return isLeft ? 'left' : 'sent';
}

/** Sends one: `sent`, `gone`, `left` for the next time, or the code by which it is set aside. */
async function sendOne(
  mailbox: RemoteMailbox,
  path: string,
  refused: Set<string>,
  context: OutboundContext,
): Promise<string> {
  const { log, turns, broadcasts } = context;
  const read = await readMessage(path, mailbox, context);
  if (typeof read === 'string') return read;
  const { from, to, id, bytes, wire } = read;
  if (to === '*' && broadcasts.has(id)) return 'sent';
  if (refused.has(from)) return 'left';
  const fault = await tryToSend(mailbox, () => turns.take(() => wire.send(bytes)), context);
  if (fault === undefined) {
    if (to === '*') remember(broadcasts, id);
    log.say('sent', { agent: mailbox.agent, id, from });
    return 'sent';
  }
  if (fault.kind === 'message') return fault.code;
  if (fault.kind === 'agent') {
    refused.add(from);
    log.say('refused', { agent: from, code: fault.code });
  }
  return 'left';
}

/** Tries until it is sent, refused, or tried often enough. */
async function tryToSend(
  { agent }: RemoteMailbox,
  send: () => Promise<void>,
  { log, signal, tries }: OutboundContext,
): Promise<Fault | undefined> {
  for (let failures = 1; ; failures++) {
    try {
      await send();
      return undefined;
    } catch (error) {
      const fault = faultOf(error);
      if (fault === undefined) throw error;
      if (fault.kind !== 'later') return fault;
      if (failures === 1) log.say('waiting', { agent, code: fault.code });
      if (failures !== tries) await pause(growing(failures), signal);
      if (failures === tries || signal.aborted) return fault;
    }
  }
}

function remember(broadcasts: Set<string>, id: string): void {
  broadcasts.add(id);
  for (const oldest of broadcasts) {
    if (broadcasts.size <= broadcastsAtMost) return;
    broadcasts.delete(oldest);
  }
}

/** Reads what decides where a message goes; all else the gateway checks. */
async function readMessage(
  path: string,
  { agent }: RemoteMailbox,
  { wireOf }: OutboundContext,
): Promise<Read | string> {
  const bytes = await readRegular(path, maxMessageBytes);
  if (typeof bytes === 'string') return bytes;
  const members = scan(bytes);
  if (members === undefined) return 'message_malformed';
  const { from, to, id } = members;
  if (typeof id !== 'string' || typeof to !== 'string') return 'message_malformed';
  // Whose it is only its name says: without one it is nobody's
  const wire = typeof from === 'string' ? wireOf(from) : undefined;
  if (typeof from !== 'string' || wire === undefined) return 'sender_mismatch';
  if (to !== agent && to !== '*') return 'recipient_mismatch';
  return { from, to, id: id.toLowerCase(), bytes, wire };
}

function scan(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return scanJsonObject(text, { maxDepth: 33 }).value;
  } catch {
    return undefined;
  }
}

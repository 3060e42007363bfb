// Messages in: from an agent's mailbox at the gateway into its inbox on disk, each once, however often it comes

import { createHash } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReceivedMessage } from '../../src/index.ts';
import {
  checkMailbox,
  ensureFolder,
  look,
  moveInto,
  readRegular,
  syncFolder,
  writeDraft,
} from './files.ts';
import type { Entry, Ledger } from './ledger.ts';
import { lockInbox, type Release } from './lock.ts';
import type { BridgeLog } from './log.ts';
import { messageName } from './names.ts';
import { growing, pause } from './pause.ts';
import { writeReason } from './reason.ts';
import type { Wire } from './wire.ts';

/** The longest message, as the gateway has it, in bytes. */
export const maxMessageBytes = 16_384;

/** A mailbox of an agent on this side. */
export interface LocalMailbox {
  readonly agent: string;
  /** Its folder. */
  readonly folder: string;
  readonly wire: Wire;
  readonly ledger: Ledger;
}

/** What deliveries need besides. */
export interface InboundContext {
  /** The bridge's own id. */
  readonly bridge: string;
  readonly isLocal: (agent: string) => boolean;
  readonly log: BridgeLog;
  readonly signal: AbortSignal;
}

/** Less than a lease: what waited longer for a lock belongs to whoever asks next. Milliseconds. */
const leaseLasts = 20_000;

const digestOf = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, 32);

interface Arrival extends Entry {
  readonly message: ReceivedMessage;
  readonly draft: string;
  readonly name: string;
}

function arrivalOf(message: ReceivedMessage): Arrival {
  const id = message.id.toLowerCase();
  const draft = `.${id}.tmp`;
  return { id, digest: digestOf(message.text), message, draft, name: messageName(message) };
}

/** Makes the folders, and finishes what a crash left between the ledger and the name. */
export async function openInbox({ folder, ledger }: LocalMailbox): Promise<void> {
  const inbox = join(folder, 'inbox');
  for (const path of [folder, inbox, join(folder, 'processed')]) await ensureFolder(path);
  for (const draft of await readdir(inbox)) {
    const [, id] = /^\.([0-9a-f-]{36})\.tmp$/.exec(draft) ?? [];
    if (id === undefined) continue;
    const bytes = await readRegular(join(inbox, draft), maxMessageBytes);
    if (typeof bytes === 'string') continue;
    // What the ledger does not have comes again, and is written anew
    if (ledger.look({ id, digest: digestOf(bytes) }) !== 'known') continue;
    const { ts } = JSON.parse(bytes.toString('utf8')) as { readonly ts: string };
    await giveName(folder, { draft, name: messageName({ ts, id }), digest: digestOf(bytes) });
  }
  await syncFolder(inbox);
}

/** Delivers what the gateway has leased, and acknowledges what then is on the disk. */
export async function deliver(
  mailbox: LocalMailbox,
  messages: readonly ReceivedMessage[],
  context: InboundContext,
): Promise<void> {
  const inbox = join(mailbox.folder, 'inbox');
  await checkMailbox(mailbox.folder);
  const release = await lockPatiently(inbox, mailbox.agent, context);
  if (release === undefined) return;
  let done: readonly ReceivedMessage[];
  try {
    done = await place(mailbox, inbox, messages, context);
  } finally {
    await release();
  }
  await Promise.all(done.map((message) => mailbox.wire.acknowledge(message)));
}

async function lockPatiently(
  inbox: string,
  agent: string,
  { log, signal }: InboundContext,
): Promise<Release | undefined> {
  const began = performance.now();
  for (let failures = 1; ; failures++) {
    const release = await lockInbox(inbox);
    if (release !== undefined) return release;
    if (signal.aborted) return undefined;
    if (failures === 5) log.say('waiting', { agent, code: 'inbox_locked' });
    if (performance.now() - began > leaseLasts) return undefined;
    await pause(Math.min(1, growing(failures)), signal);
  }
}

/** Puts messages into the inbox; answers those that need not come again. */
async function place(
  mailbox: LocalMailbox,
  inbox: string,
  messages: readonly ReceivedMessage[],
  context: InboundContext,
): Promise<readonly ReceivedMessage[]> {
  const { agent, folder, ledger } = mailbox;
  const fresh = new Map<string, Arrival>();
  const others: Arrival[] = [];
  const done: ReceivedMessage[] = [];
  for (const message of messages) {
    const arrival = arrivalOf(message);
    const seen = fresh.get(arrival.id);
    const known = seen === undefined ? ledger.look(arrival) : sameAs(seen, arrival);
    if (isEcho(message, context)) done.push(message);
    else if (known === 'new') fresh.set(arrival.id, arrival);
    else if (known === 'known') done.push(message);
    else others.push(arrival);
    // Its draft is still there where the name could not be given
    if (known === 'known' && seen === undefined) await giveName(folder, arrival);
  }
  const arrivals = [...fresh.values()];
  await Promise.all(
    arrivals.map(({ draft, message }) =>
      writeDraft(join(inbox, draft), Buffer.from(message.text, 'utf8')),
    ),
  );
  if (arrivals.length > 0) await ledger.add(arrivals);
  for (const arrival of arrivals) await giveName(folder, arrival);
  await syncFolder(inbox);
  for (const { message, name } of arrivals) {
    const { id, sender } = message;
    context.log.say('delivered', { agent, id, sender, file: name });
  }
  for (const arrival of others) {
    const file = await setAside(folder, arrival);
    context.log.say('set_aside', { agent, id: arrival.id, code: 'id_taken', file });
  }
  return [...done, ...[...arrivals, ...others].map(({ message }) => message)];
}

const sameAs = (seen: Arrival, { digest }: Arrival): 'known' | 'other' =>
  seen.digest === digest ? 'known' : 'other';

/** A broadcast of this side: whoever sent it put it into every inbox here, as the bus's script does. */
function isEcho(
  { to, sender, from }: ReceivedMessage,
  { bridge, isLocal }: InboundContext,
): boolean {
  return to === '*' && sender === bridge && from !== undefined && isLocal(from);
}

/** Gives a draft the name that makes it a message, unless the same message has that name already. */
async function giveName(
  folder: string,
  { draft, name, digest }: Pick<Arrival, 'draft' | 'name' | 'digest'>,
): Promise<void> {
  const inbox = join(folder, 'inbox');
  const path = join(inbox, draft);
  if ((await look(path)) === undefined) return;
  for (const place of [inbox, join(folder, 'processed')]) {
    const found = await readRegular(join(place, name), maxMessageBytes);
    if (typeof found !== 'string' && digestOf(found) === digest) return unlink(path);
  }
  await moveInto(path, inbox, name);
}

/** Another message with an id that was delivered is kept, but not where scripts look. */
async function setAside(
  folder: string,
  { draft, name, digest, message }: Arrival,
): Promise<string | undefined> {
  const rejected = join(folder, 'rejected');
  await ensureFolder(rejected);
  const own = name.replace(/\.json$/, `.${digest.slice(0, 8)}.json`);
  if ((await look(join(rejected, own))) !== undefined) return own;
  await writeDraft(join(rejected, draft), Buffer.from(message.text, 'utf8'));
  await writeReason(rejected, own, { code: 'id_taken', sender: message.sender });
  const file = await moveInto(join(rejected, draft), rejected, own);
  await syncFolder(rejected);
  return file;
}

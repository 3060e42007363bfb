// `swarmgate bus watch`: messages as they come, until interrupted

import type { Command } from 'commander';
import type { ReceivedMessage, TransportName } from '../src/index.ts';
import { addBusAgent, withBus, type BusOptions } from './bus_connection.ts';
import { onRefused } from './bus_receive.ts';
import { messageObject, messageText } from './output/bus_text.ts';
import { addValue, examples } from './input/options.ts';
import { printNote } from './output/output.ts';
import { printableJson } from './output/text.ts';

interface WatchOptions extends BusOptions {
  readonly subject?: readonly string[];
  readonly ack?: true;
}

/** Of so many messages it is known that they were printed. */
const rememberAtMost = 10_000;

/** Adds the command. */
export function addBusWatch(parent: Command): void {
  const command = parent
    .command('watch')
    .description('print messages as they come, until interrupted')
    .option(
      '--subject <pattern>',
      'only these, such as review-*; repeatable; needs Node 22',
      addValue,
    )
    .option('--ack', 'remove each message, once it is printed');
  addBusAgent(command)
    .option('--json', 'print JSON Lines, one message a line')
    .addHelpText(
      'after',
      [
        '',
        'Without --ack each message is printed once and stays in the mailbox for its agent.',
        'Ends with exit code 0 on Ctrl-C, and when its reader has seen enough.',
        examples(
          'swarmgate bus watch --id reviewer --key reviewer.key.json',
          'swarmgate bus watch --ack --json --id reviewer --key reviewer.key.json | while read -r message; do …; done',
        ),
      ].join('\n'),
    )
    .action(watch);
}

async function watch(options: WatchOptions): Promise<void> {
  const { subject, ack, json } = options;
  const stop = new AbortController();
  const end = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  process.stdout.once('error', end);
  const how = { onRefused, onTransport, ...(subject === undefined ? {} : { subjects: subject }) };
  const printed = new Set<string>();
  await withBus(options, how, async (bus) => {
    try {
      const { signal } = stop;
      for await (const message of bus.messages({ signal, acknowledge: ack === true })) {
        if (isNew(message, printed)) await print(message, json);
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    }
  });
}

function onTransport(transport: TransportName): void {
  if (transport === 'http') printNote('Without a socket: asking again and again over HTTP');
}

/** What is left in the mailbox comes again each time that its lease is over. */
function isNew({ id, sender }: ReceivedMessage, printed: Set<string>): boolean {
  const name = `${id} ${sender}`;
  if (printed.has(name)) return false;
  printed.add(name);
  for (const oldest of printed) {
    if (printed.size <= rememberAtMost) break;
    printed.delete(oldest);
  }
  return true;
}

/** Resolves when the text is on its way: what could not be written is not acknowledged. */
function print(message: ReceivedMessage, json: true | undefined): Promise<void> {
  const text =
    json === true
      ? printableJson(messageObject(message))
      : `${messageText(message, Date.now() / 1000)}\n`;
  return new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

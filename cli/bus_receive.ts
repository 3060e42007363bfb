// `swarmgate bus receive`: what lies in an agent's mailbox, once

import { InvalidArgumentError, type Command } from 'commander';
import { addBusAgent, withBus, type BusOptions } from './bus_connection.ts';
import { messageObject, messageText } from './output/bus_text.ts';
import { examples } from './input/options.ts';
import { printNote, printResult } from './output/output.ts';

interface ReceiveOptions extends BusOptions {
  readonly max: number;
  readonly wait: number;
  readonly ack?: true;
}

/** Adds the command. */
export function addBusReceive(parent: Command): void {
  const command = parent
    .command('receive')
    .description("print the messages of an agent's mailbox")
    .option('--max <n>', 'at most so many, up to 100', reader(1, 100), 10)
    .option('--wait <seconds>', 'how long to wait for a first one, up to 30', reader(0, 30), 0)
    .option('--ack', 'remove them, once they are printed');
  addBusAgent(command)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      [
        '',
        'Without --ack they are in the mailbox again after 30 seconds.',
        examples(
          'swarmgate bus receive --wait 20 --id reviewer --key reviewer.key.json',
          'swarmgate bus receive --ack --json --id reviewer --key reviewer.key.json',
        ),
      ].join('\n'),
    )
    .action(receive);
}

function reader(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be from ${least} to ${most}.`);
  };
}

async function receive(options: ReceiveOptions): Promise<void> {
  const { max, wait, ack, json } = options;
  await withBus(options, { transport: 'http', onRefused }, async (bus) => {
    const messages = await bus.receive({ max, wait });
    const now = Date.now() / 1000;
    if (messages.length === 0 && json !== true) printNote('There are no messages');
    else {
      printResult(json, { messages: messages.map(messageObject) }, () =>
        messages.map((message) => messageText(message, now)).join('\n\n'),
      );
    }
    if (ack === true) for (const message of messages) await bus.acknowledge(message);
  });
}

/** Says that a message was left out: what it holds was not checked, so nothing of it is shown. */
export function onRefused({ code }: { readonly code: string }): void {
  printNote(`A message that breaks the format was left out: ${code}`);
}

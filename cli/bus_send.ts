// `swarmgate bus send`: a message to an agent or to everybody, its payload from a file or standard input

import { InvalidArgumentError, type Command } from 'commander';
import { parseJson, type MessageParts } from '../src/index.ts';
import { addBusAgent, withBus, type BusOptions } from './bus_connection.ts';
import { usage } from './output/failure.ts';
import { examples, readAgentId, readDuration } from './input/options.ts';
import { printResult } from './output/output.ts';
import { openNamed, readHandle, readStandardInput, type Capped } from './input/read_capped.ts';

interface SendOptions extends BusOptions {
  readonly to: string;
  readonly type: string;
  readonly subject: string;
  readonly ttl?: number;
  readonly from?: string;
  readonly payloadFile?: string;
}

const types = ['REQUEST', 'RESPONSE', 'VETO', 'BROADCAST', 'HEARTBEAT'] as const;
const maxBytes = 65_536;

/** Adds the command. */
export function addBusSend(parent: Command): void {
  const command = parent
    .command('send')
    .description('send a message, and print its id once the bus has stored it')
    .requiredOption('--to <agent id>', 'the recipient; "*" is everybody', readRecipient)
    .requiredOption('--subject <name>', 'what it is about, in kebab-case')
    .option('--type <type>', types.join(', '), readType, 'REQUEST')
    .option(
      '--ttl <duration>',
      'how long it may be delivered, such as 30s or 5m (default: 5m)',
      readDuration,
    )
    .option('--from <agent id>', 'the agent that it speaks for (needs bus:represent)', readAgentId)
    .option('--payload-file <file>', 'the payload, a JSON object; "-" is standard input');
  addBusAgent(command)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      [
        '',
        'The payload comes from --payload-file, else from standard input; on a terminal it is {}.',
        'A RESPONSE names the request that it answers: "request_id" in its payload.',
        examples(
          `echo '{"file":"main.ts"}' | swarmgate bus send --to reviewer --subject review-code \\\n  --id planner --key planner.key.json`,
          `swarmgate bus send --to '*' --type BROADCAST --subject stop-work --ttl 30s \\\n  --payload-file reason.json --id planner --key planner.key.json`,
        ),
      ].join('\n'),
    )
    .action(send);
}

function readRecipient(text: string): string {
  return text === '*' ? text : readAgentId(text);
}

function readType(text: string): string {
  if (types.some((type) => type === text)) return text;
  throw new InvalidArgumentError(`Allowed are ${types.join(', ')}.`);
}

async function send(options: SendOptions): Promise<void> {
  const { to, type, subject, ttl, from, payloadFile, json } = options;
  const payload = await readPayload(payloadFile);
  const parts: MessageParts = {
    to,
    type: type as MessageParts['type'],
    subject,
    payload,
    ...(ttl === undefined ? {} : { ttl }),
    ...(from === undefined ? {} : { from }),
  };
  await withBus(options, { transport: 'http' }, async (bus) => {
    let id: string;
    try {
      id = await bus.send(parts);
    } catch (error) {
      if (error instanceof TypeError) throw usage(`The message is malformed: ${error.message}`);
      throw error;
    }
    printResult(json, { id }, () => id);
  });
}

async function readPayload(file: string | undefined): Promise<Record<string, unknown>> {
  if (file === undefined && process.stdin.isTTY) return {};
  const read = await readText(file);
  if ('tooLarge' in read) throw usage('The payload is larger than any message may be');
  if (file === undefined && read.text.trim() === '') return {};
  try {
    const value = parseJson(read.text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Said below, without what it was
  }
  throw usage('The payload must be a JSON object without duplicate names');
}

async function readText(file: string | undefined): Promise<Capped> {
  if (file === undefined || file === '-') return readStandardInput(maxBytes);
  const handle = await openNamed('--payload-file', file);
  try {
    return await readHandle(handle, file, maxBytes);
  } finally {
    await handle.close();
  }
}

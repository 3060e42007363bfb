// `swarmgate keys list`, `rotate` and `compromise`: the signing keys of the authority

import type { Command } from 'commander';
import { shown, when } from '../output/agent_text.ts';
import { objectsOf, type Members } from '../output/answer.ts';
import { addOperator, connect, type ConnectionOptions } from '../connection.ts';
import { usage } from '../output/failure.ts';
import { examples } from './options.ts';
import { printNote, printResult } from '../output/output.ts';
import { columns } from '../output/text.ts';

/** Adds the commands. */
export function addAuthorityKeys(parent: Command): void {
  const add = (name: string, description: string, example = name): Command =>
    addOperator(parent.command(name).description(description)).addHelpText(
      'after',
      examples(`swarmgate keys ${example} --key operator.key.json`),
    );
  add('list', "list the authority's signing keys, and those of its services").action(list);
  add('rotate', 'let the next key sign as soon as it was published long enough').action(rotate);
  add(
    'compromise',
    'take a key out at once, and end every token that it signed',
    'compromise NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  )
    .argument('<kid>', 'the key, as the list shows it')
    .action(compromise);
}

async function list(options: ConnectionOptions): Promise<void> {
  const { call } = await connect(options);
  printKeys(await call('GET', '/admin/keys'), options);
}

async function rotate(options: ConnectionOptions): Promise<void> {
  const { call } = await connect(options);
  printKeys(await call('POST', '/admin/keys/rotate'), options);
}

async function compromise(kid: string, options: ConnectionOptions): Promise<void> {
  if (!/^[\w-]{43}$/.test(kid)) throw usage('The kid must be one that "swarmgate keys list" shows');
  const { call } = await connect(options);
  const recorded = await call('POST', `/admin/keys/${kid}/compromise`);
  if (options.json === true) printResult(true, recorded, String);
  else printNote(`Key ${kid} is out, and everything that it signed is revoked`);
}

function printKeys(answer: Members, { json }: ConnectionOptions): void {
  const now = Date.now() / 1000;
  // What rotates is answered without the keys of services
  const keys = [...objectsOf(answer['keys']), ...objectsOf(answer['service_keys'] ?? [])];
  printResult(json, answer, () =>
    columns(
      ['KEY', 'ALGORITHM', 'STATE', 'MADE'],
      keys.map((key) => [
        shown(key['kid']),
        shown(key['alg']),
        key['use'] === undefined
          ? shown(key['state'])
          : `${shown(key['state'])} (${shown(key['use'])})`,
        when(key['made_at'], now),
      ]),
    ),
  );
}

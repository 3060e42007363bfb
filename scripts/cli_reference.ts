// The reference in docs/cli.md, made of the commands themselves; `--write` puts it there

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { buildProgram } from '../cli/program.ts';
import { root } from './tools.ts';

/** The page. */
export const referencePage: string = join(root, 'docs/cli.md');

const begin = '<!-- reference: node scripts/cli_reference.ts --write -->\n';
const end = '<!-- end of the reference -->\n';

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;');
const code = (text: string): string => `\`${text.replaceAll('|', String.raw`\|`)}\``;

const sentence = (text: string): string => `${cell(text.charAt(0).toUpperCase() + text.slice(1))}.`;

function argumentsOf(command: Command): string {
  return command.registeredArguments
    .filter(({ description }) => !description.startsWith('refused'))
    .map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
      return argument.required ? ` <${name}>` : ` [${name}]`;
    })
    .join('');
}

function section(command: Command, path: string): string {
  const options = command.options.map(
    ({ flags, description, mandatory, argChoices, defaultValue }) => {
      const notes = [
        ...(mandatory ? ['required'] : []),
        ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
        ...(typeof defaultValue === 'string' || typeof defaultValue === 'number'
          ? [`default: ${defaultValue}`]
          : []),
      ];
      const text = notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
      return `| ${code(flags)} | ${cell(text)} |`;
    },
  );
  const table = options.length === 0 ? [] : ['', '| option | what |', '|---|---|', ...options];
  return [
    `### \`swarmgate ${path}${argumentsOf(command)}\``,
    '',
    sentence(command.description()),
    ...table,
  ].join('\n');
}

function sections(command: Command, path: string): readonly string[] {
  return command.commands.flatMap((inner) => {
    const name = `${path} ${inner.name()}`.trim();
    return inner.commands.length === 0 ? [section(inner, name)] : sections(inner, name);
  });
}

/** The page with the reference of today. */
export function withReference(page: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error('docs/cli.md has no place for the reference');
  const text = sections(buildProgram(), '').join('\n\n');
  return `${page.slice(0, from)}${begin}\n${text}\n\n${page.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--write')) {
  writeFileSync(referencePage, withReference(readFileSync(referencePage, 'utf8')));
}

// `swarmgate completion`: what a shell needs to complete the commands and options, made of the commands themselves

import { Argument, type Command } from 'commander';
import { examples } from './input/options.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

/** A command with its words, and what may follow. */
interface Node {
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly text: string }[];
  readonly options: readonly { readonly name: string; readonly text: string }[];
}

/** Adds the command. It must be the last: it completes those that are there. */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print what a shell needs to complete commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText(
      'after',
      examples(
        'source <(swarmgate completion bash)',
        'swarmgate completion zsh > ~/.zfunc/_swarmgate',
        'swarmgate completion fish > ~/.config/fish/completions/swarmgate.fish',
      ),
    )
    .action((shell: (typeof shells)[number]) => {
      process.stdout.write(scripts[shell](nodesOf(program)));
    });
}

function nodesOf(command: Command, path = ''): readonly Node[] {
  const options = command.options
    .filter(({ hidden, long }) => !hidden && long !== undefined)
    .map(({ long, description }) => ({ name: long ?? '', text: description }));
  const commands = command.commands.map((inner) => ({
    name: inner.name(),
    text: inner.description(),
  }));
  return [
    { path, commands, options: [...options, { name: '--help', text: 'show help' }] },
    ...command.commands.flatMap((inner) => nodesOf(inner, `${path} ${inner.name()}`.trim())),
  ];
}

const words = ({ commands, options }: Node): string =>
  [...commands, ...options].map(({ name }) => name).join(' ');

/** In single quotes, for any of the three shells' own reading of them. */
const quoted = (text: string): string => `'${text.replaceAll("'", '’')}'`;

const bash = (nodes: readonly Node[]): string => `# swarmgate completion for bash
_swarmgate() {
  local current=\${COMP_WORDS[COMP_CWORD]} path= word at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    [[ $word == -* ]] && break
    path=\${path:+$path }$word
  done
  local found=
  case $path in
${nodes.map((node) => `    ${quoted(node.path)}) found=${quoted(words(node))} ;;`).join('\n')}
  esac
  COMPREPLY=()
  if [[ -n $found && ($current == -* || $at -eq $COMP_CWORD) ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$found" -- "$current")
  fi
}
complete -o default -F _swarmgate swarmgate
`;

const zsh = (nodes: readonly Node[]): string => `#compdef swarmgate
_swarmgate() {
  local path= word at
  for ((at = 2; at < CURRENT; at++)); do
    word=\${words[at]}
    [[ $word == -* ]] && break
    path=\${path:+$path }$word
  done
  local -a found
  case $path in
${nodes
  .map((node) => {
    const entries = [...node.commands, ...node.options].map(({ name, text }) =>
      quoted(`${name}:${text.replaceAll(':', String.raw`\:`)}`),
    );
    return `    ${quoted(node.path)}) found=(${entries.join(' ')}) ;;`;
  })
  .join('\n')}
  esac
  _describe swarmgate found || _files
}
if [ "$funcstack[1]" = _swarmgate ]; then _swarmgate "$@"; else compdef _swarmgate swarmgate; fi
`;

const fish = (nodes: readonly Node[]): string => {
  const lines = nodes.flatMap((node) => {
    const steps = node.path === '' ? [] : node.path.split(' ');
    const inner = node.commands.map(({ name }) => name).join(' ');
    const condition =
      steps.length === 0
        ? '__fish_use_subcommand'
        : [
            ...steps.map((step) => `__fish_seen_subcommand_from ${step}`),
            ...(inner === '' ? [] : [`not __fish_seen_subcommand_from ${inner}`]),
          ].join('; and ');
    const head = `complete -c swarmgate -n ${quoted(condition)}`;
    return [
      ...node.commands.map(({ name, text }) => `${head} -f -a ${name} -d ${quoted(text)}`),
      ...node.options.map(({ name, text }) => `${head} -l ${name.slice(2)} -d ${quoted(text)}`),
    ];
  });
  return `# swarmgate completion for fish\n${lines.join('\n')}\n`;
};

const scripts = { bash, zsh, fish } as const;

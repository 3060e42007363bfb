// What an operator decides about an agent, as options: its tier, its scopes, how its tokens are bound

import { Option, type Command } from 'commander';
import { addWords, checkScopes } from './options.ts';

/** The options. */
export interface PolicyOptions {
  readonly tier: string;
  readonly scope: readonly string[];
  readonly dpop?: 'required' | 'optional';
}

/** Adds the options. */
export function addPolicy(command: Command): Command {
  return command
    .requiredOption('--tier <name>', 'its tier: "fast" or "power", unless the gateway has others')
    .requiredOption('--scope <scope...>', 'what it may do; several, or none with ""', addWords)
    .addOption(
      new Option(
        '--dpop <when>',
        '"required": only tokens that are bound to its key (default: "optional")',
      ).choices(['required', 'optional']),
    );
}

/** The members of a request's body. */
export function policyMembers({ tier, scope, dpop }: PolicyOptions): object {
  checkScopes(scope);
  return { tier, scope, ...(dpop === undefined ? {} : { dpop }) };
}

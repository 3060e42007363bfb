// Every failure as words on standard error, as one JSON object where asked for, and as an exit code

import { CommanderError } from 'commander';
import { AuthorityError, TokenError } from '../../src/index.ts';
import { CommandFailure, exitCodes, systemCode, systemReason, usage } from './failure.ts';
import { paint } from './output.ts';
import { printable, printableJson } from './text.ts';

/** Reports a failure and answers the exit code. Asking for help or the version is none. */
export function reportFailure(error: unknown, argv: readonly string[]): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
  if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage;
  const { code, exitCode, message } = asFailure(error);
  if (argv.includes('--json')) {
    process.stdout.write(`${printableJson({ error: code, message }, 2)}\n`);
  }
  const said = exitCode === exitCodes.refused ? `refused: ${code}: ${message}` : message;
  const text = said.split('\n').map(printable).join('\n');
  process.stderr.write(`${paint('bad', 'swarmgate:', process.stderr)} ${text}\n`);
  return exitCode;
}

/** What says something of the network or the gateway, and nothing of who asks. */
const elsewhere: ReadonlySet<string> = new Set([
  'bus_unavailable',
  'rate_limited',
  'upstream_invalid',
  'upstream_timeout',
]);

function asFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof TokenError) {
    if (elsewhere.has(error.code)) {
      return new CommandFailure(error.code, exitCodes.environment, error.message);
    }
    if (error.code !== 'key_unavailable') {
      return new CommandFailure(error.code, exitCodes.refused, error.message);
    }
    // Without its keys nothing is known about the token
    const message = `${error.message}: ${fetchFault(error.cause)}`;
    return new CommandFailure(error.code, exitCodes.environment, message);
  }
  if (error instanceof AuthorityError) return asAuthorityFailure(error);
  if (error instanceof CommanderError) return usage(`${commandLineFault(error)}\nSee --help`);
  // Its own message could hold anything
  const name = error instanceof Error ? error.name : 'unknown';
  return new CommandFailure(
    'internal',
    exitCodes.environment,
    `The command failed unexpectedly (${name}); please report what you ran, without the token`,
  );
}

/** What the OAuth errors of a token request mean to who asked (RFC 6749 section 5.2). */
const advice: Readonly<Record<string, string>> = {
  invalid_client: 'the id is not registered, is disabled, or has another key',
  invalid_grant: 'a token issued now would be revoked already: ask again in a second',
  invalid_scope: 'a scope is malformed, or more than the agent has',
  invalid_target: 'there is no such audience or resource',
  invalid_request: 'it may give this agent bound tokens only',
  not_found: 'there is no authority at this address',
};

function asAuthorityFailure({
  code,
  error,
  status,
  message,
  cause,
}: AuthorityError): CommandFailure {
  if (code === 'authority_refused' && error !== undefined) {
    const hint = Object.hasOwn(advice, error) ? `: ${advice[error]}` : '';
    return new CommandFailure(error, exitCodes.refused, message + hint);
  }
  const hints = {
    authority_unavailable: status === undefined ? fetchFault(cause) : `it answers ${status}`,
    authority_invalid: '--url must be its own address, or --issuer its name',
  };
  const hint = code in hints ? `: ${hints[code as keyof typeof hints]}` : '';
  return new CommandFailure(code, exitCodes.environment, message + hint);
}

/** Why something could not be fetched: the library's words, or the network's code, never its body. */
function fetchFault(cause: unknown): string {
  if (!(cause instanceof Error)) return 'check the address and the network';
  const code = systemCode(cause.cause);
  return code === undefined ? cause.message : systemReason(cause.cause);
}

/** Commander's own words, without values that may be secrets. */
function commandLineFault({ message }: CommanderError): string {
  const fault = message
    .replace(/^error: /, '')
    .replace(/'(--[\w-]+)=[^']*'/, "'$1=…'")
    .replace(/'[^']{48,}'/g, "'…'");
  return fault.charAt(0).toUpperCase() + fault.slice(1);
}

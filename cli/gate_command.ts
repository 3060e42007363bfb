// Runs a command that a gate has authorized: with the agent's id in its environment, and without the token

import { constants } from 'node:os';
import { environment, systemCode, systemReason } from './output/failure.ts';

/** Exit codes of a shell for a command that cannot be run. */
const notFound = 127;
const notExecutable = 126;

const signals = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** What a command gets of the environment: no variable that holds the token or the proof. */
export function commandEnvironment(
  agentId: string,
  secrets: readonly (string | undefined)[],
): NodeJS.ProcessEnv {
  const held = secrets.filter((secret) => secret !== undefined && secret !== '');
  const entries = Object.entries(process.env).filter(
    ([name, value = '']) =>
      name !== 'SWARMGATE_TOKEN' &&
      name !== 'SWARMGATE_PROOF' &&
      !held.some((secret) => value.includes(secret ?? '')),
  );
  return { ...Object.fromEntries(entries), SWARMGATE_AGENT_ID: agentId };
}

/** Runs it without a shell, and answers its exit code; 128 and the signal's number where one ended it. */
export async function runCommand(
  [command = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  // Most gates run none
  const { spawn } = await import('node:child_process');
  const child = spawn(command, args, { env, stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  // The terminal sends its interrupt to both: whoever runs the command waits for it
  process.on('SIGINT', () => {});
  for (const signal of signals) process.on(signal, forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
      });
    });
  } catch (error) {
    const failure = environment(`Cannot run the command: ${systemReason(error)}`);
    process.stderr.write(`swarmgate: ${failure.message}\n`);
    return systemCode(error) === 'ENOENT' ? notFound : notExecutable;
  }
}

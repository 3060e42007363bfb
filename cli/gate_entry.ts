// `swarmgate gate`: asks about one token, says the answer, and runs the command behind `--` if it is yes

import { writeSync } from 'node:fs';
import { decodeUnverified, isScope } from '../src/verify/index.ts';
import { CommandFailure, exitCodes, usage } from './output/failure.ts';
import { commandEnvironment, runCommand } from './gate_command.ts';
import { readGateArguments, type GateArguments } from './gate/arguments.ts';
import { readGateToken } from './gate/input.ts';
import { openGate, type GateAnswer } from './gate/judge.ts';
import { readGateSettings, type GateSettings, type GivenOptions } from './gate/settings.ts';
import { printable } from './output/text.ts';

/** Runs the gate, and answers the exit code. Whatever happens, 0 means authorized and nothing else does. */
export async function runGate(argv: readonly string[]): Promise<number> {
  try {
    return await gate(readGateArguments(argv));
  } catch (error) {
    if (error instanceof CommandFailure) {
      say(2, `swarmgate: ${error.message.split('\n').map(printable).join('\n')}\n`);
      return error.exitCode;
    }
    say(2, blocked('internal'));
    return exitCodes.refused;
  }
}

async function gate({ options, command }: GateArguments): Promise<number> {
  const settings = readGateSettings(options, process.env);
  checkRequired(options, settings);
  const file = options['token-file'];
  const token = await readGateToken(typeof file === 'string' ? file : undefined);
  const { SWARMGATE_PROOF: proof = '' } = process.env;
  const { scope, tier } = options;
  const answer = await openGate(settings, keyOf(token)).judge({
    token,
    scopes: Array.isArray(scope) ? (scope as readonly string[]) : [],
    tier: typeof tier === 'string' ? tier : undefined,
    proof: proof === '' ? undefined : proof,
    acceptUnproven: options['accept-unproven'] === true,
  });
  if (options['json'] === true) say(command === undefined ? 1 : 2, `${asJson(answer)}\n`);
  if (!answer.authorized) {
    say(2, blocked(answer.code));
    if (answer.hint !== undefined) say(2, `[gate] ${answer.hint}\n`);
    return exitCodes.refused;
  }
  const { agentId } = answer.agent;
  // Standard output belongs to the command where there is one
  if (options['json'] !== true) {
    say(command === undefined ? 1 : 2, `[gate] agent ${agentId} authorized\n`);
  }
  if (command === undefined) return exitCodes.ok;
  return runCommand(command, commandEnvironment(agentId, [token, proof]));
}

/** What the caller requires is checked before anything is asked or used up. */
function checkRequired({ scope, tier }: GivenOptions, settings: GateSettings): void {
  const scopes = Array.isArray(scope) ? (scope as readonly string[]) : [];
  const malformed = scopes.find((name): boolean => !isScope(name));
  if (malformed !== undefined) {
    throw usage(`"${malformed}" is not a scope: write resource:action, such as tool:exec`);
  }
  const { tiers = ['fast', 'power'] } = settings;
  if (typeof tier === 'string' && !tiers.includes(tier)) {
    throw usage(`--tier must be one of ${tiers.join(', ')}`);
  }
}

const blocked = (code: string): string => `[gate] BLOCKED: invalid token — ${code}\n`;

/** The key that a token names; it decides nothing but whether kept keys are asked for again. */
function keyOf(token: string): string | undefined {
  try {
    const { kid } = decodeUnverified(token).header;
    return typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
}

function asJson(answer: GateAnswer): string {
  if (!answer.authorized) return JSON.stringify({ authorized: false, code: answer.code });
  const { agentId, subjectId, tier, scope, issuer, expiresAt } = answer.agent;
  return JSON.stringify({
    authorized: true,
    agent_id: agentId,
    subject_id: subjectId,
    tier,
    scope,
    issuer,
    expires_at: expiresAt,
  });
}

/** Writes without the streams of the process, whose loading would take longer than a signature. */
function say(stream: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let sent = 0; sent < bytes.length;) {
    try {
      sent += writeSync(stream, bytes, sent);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // A reader that has seen enough is no failure; one that is slow is waited for
      if (code === 'EAGAIN') continue;
      return;
    }
  }
}

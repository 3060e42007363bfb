// What is asked of a gate's server and what it answers, one line each: `token=… scope=…`, `authorized planner`

import { isScope } from '../../src/verify/index.ts';
import { CommandFailure } from '../output/failure.ts';
import type { Gate, GateRequest } from './judge.ts';

/** Room for a token with its delegations, a proof, and what is required. */
const maxLineBytes = 16_384;

/** What the gate cannot judge by is for the caller's own gate to say. */
const unclear = 'error request';

/** Reads a question; `undefined` where it is none. */
function readQuestion(line: string): GateRequest | undefined {
  const scopes: string[] = [];
  const audience: string[] = [];
  const single = new Map<string, string>();
  for (const word of line.split(' ')) {
    const at = word.indexOf('=');
    const name = word.slice(0, at);
    const value = word.slice(at + 1);
    if (at < 1 || value === '') return undefined;
    if (name === 'scope' && isScope(value)) scopes.push(value);
    else if (name === 'audience') audience.push(value);
    else if (/^(?:token|proof|tier|accept-unproven)$/.test(name) && !single.has(name)) {
      single.set(name, value);
    } else return undefined;
  }
  const token = single.get('token');
  const unproven = single.get('accept-unproven');
  if (token === undefined || (unproven !== undefined && unproven !== 'yes')) return undefined;
  return {
    token,
    scopes,
    tier: single.get('tier'),
    proof: single.get('proof'),
    audience: audience.length === 0 ? undefined : audience,
    acceptUnproven: unproven === 'yes',
  };
}

/** Answers a question. It never rejects, and only "authorized" means yes. */
export async function answerLine({ judge }: Gate, line: string): Promise<string> {
  const request = readQuestion(line);
  if (request === undefined) return unclear;
  try {
    const answer = await judge(request);
    return answer.authorized ? `authorized ${answer.agent.agentId}` : `blocked ${answer.code}`;
  } catch (error) {
    return error instanceof CommandFailure ? unclear : 'blocked internal';
  }
}

/** Takes bytes until there is a line; `undefined`: not yet, `false`: too much. */
export function lineReader(): (bytes: Buffer) => string | false | undefined {
  let held = Buffer.alloc(0);
  return (bytes) => {
    held = Buffer.concat([held, bytes]);
    const end = held.indexOf(10);
    if (end < 0) return held.length > maxLineBytes ? false : undefined;
    return end > maxLineBytes ? false : held.toString('utf8', 0, end);
  };
}

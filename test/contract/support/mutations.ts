// Tables of mutations of the good token, and what each row must come to

import { errorCodes, TokenError, type ErrorCode, type Verifier } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { world, type World } from './world.ts';

/** One hostile token and the code that it is refused with. */
export interface Mutation {
  readonly name: string;
  readonly mutate: (from: World) => string | Promise<string>;
  readonly code: ErrorCode;
  /** The verifier that refuses; default: the world's own. */
  readonly by?: (from: World) => Promise<Verifier>;
}

/** One unusual token that must pass. */
export interface Control {
  readonly name: string;
  readonly make: (from: World) => string | Promise<string>;
  readonly by?: (from: World) => Promise<Verifier>;
}

/** Fails unless the token is refused with this code, as the table says it, and without an echo. */
export async function refused(verifier: Verifier, token: string, code: ErrorCode): Promise<void> {
  const result = await verifier.checkAgentToken(token);
  if (result.ok) throw new Error(`Expected a refusal with "${code}", but the token was accepted`);
  const { error } = result;
  equal(error.code, code, 'code');
  equal(error instanceof TokenError, true, 'instance of TokenError');
  const row = errorCodes[code];
  equal(error.status, row.status, 'status');
  equal(error.stage, row.stage, 'stage');
  const { member } = error;
  const text = member === undefined ? row.description : `${row.description}: "${member}"`;
  equal(error.message, text, 'message');
}

/** Cases in which each mutation is refused, twice, by a verifier that accepts the good token. */
export function rejects(rows: readonly Mutation[]): readonly ContractCase[] {
  return rows.map(({ name, mutate, code, by }) => ({
    name: `verifyAgentToken() rejects ${name}`,
    run: async () => {
      const from = await world();
      const verifier = by === undefined ? from.verifier : await by(from);
      const token = await mutate(from);
      await refused(verifier, token, code);
      // A control in the same run, and a second try: no verdict may be remembered wrongly.
      if (by === undefined) await verifier.verifyAgentToken(from.token);
      await refused(verifier, token, code);
    },
  }));
}

/** Cases in which each control is accepted, twice. */
export function accepts(rows: readonly Control[]): readonly ContractCase[] {
  return rows.map(({ name, make, by }) => ({
    name: `verifyAgentToken() accepts ${name}`,
    run: async () => {
      const from = await world();
      const verifier = by === undefined ? from.verifier : await by(from);
      const token = await make(from);
      const first = await verifier.verifyAgentToken(token);
      equal(first.agentId, 'planner', 'agentId');
      const second = await verifier.verifyAgentToken(token);
      equal(second.agentId, 'planner', 'agentId the second time');
    },
  }));
}

/** Fails unless the call throws a TypeError whose message has this text. */
export function throwsTypeError(call: () => unknown, text: string): void {
  let outcome = 'it returned';
  try {
    call();
  } catch (error) {
    if (error instanceof TypeError && error.message.includes(text)) return;
    outcome = `it threw ${String(error)}`;
  }
  throw new Error(`Expected a TypeError that says ${text}, but ${outcome}`);
}

/** Fails unless the promise rejects with a TypeError whose message has this text. */
export async function rejectsWithTypeError(promise: Promise<unknown>, text: string): Promise<void> {
  let outcome = 'it resolved';
  try {
    await promise;
  } catch (error) {
    if (error instanceof TypeError && error.message.includes(text)) return;
    outcome = `it rejected with ${String(error)}`;
  }
  throw new Error(`Expected a TypeError that says ${text}, but ${outcome}`);
}

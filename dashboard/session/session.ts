// The operator's session: tokens bound to this browser's key, in memory alone, renewed as long as the page is open.

import { signal } from '@preact/signals';
import {
  AuthorityError,
  createAuthenticatedFetch,
  createTokenSource,
  type AuthenticatedFetch,
  type TokenSource,
} from '../../src/client/index.ts';
import {
  enrol,
  forgetKey,
  forgetOperator,
  operatorKey,
  rememberedOperator,
  type Operator,
} from './operator.ts';
import { wordsOf } from '../ui/words.ts';

/** Where signing in stands. */
export type Session =
  | { readonly kind: 'starting' }
  | { readonly kind: 'signed_out'; readonly why?: string | undefined }
  /** Somebody is remembered, but the gateway does not answer: nothing is forgotten. */
  | { readonly kind: 'unreachable'; readonly operator: Operator; readonly why: string }
  | {
      readonly kind: 'signed_in';
      readonly operator: Operator;
      readonly scope: readonly string[];
      readonly call: AuthenticatedFetch;
    };

/** The session of this page. */
export const session = signal<Session>({ kind: 'starting' });

/** Whether the operator may change anything; who may not sees no buttons. */
export function mayWrite(): boolean {
  const current = session.value;
  return current.kind === 'signed_in' && current.scope.includes('admin:write');
}

let source: TokenSource | undefined;

async function open(operator: Operator): Promise<void> {
  const key = await operatorKey(operator);
  source = createTokenSource({ issuer: operator.issuer, clientId: operator.clientId, key });
  const { scope = [] } = await source.token();
  const call = createAuthenticatedFetch({ source, origins: [location.origin] });
  session.value = { kind: 'signed_in', operator, scope, call };
}

const over = 'This browser is not enrolled any more: ask for another code';

/** Tells whether the authority does not know this browser any more; everything else may pass. */
const isOver = (error: unknown): boolean =>
  error instanceof AuthorityError && error.error === 'invalid_client';

/** Gets a token for who is enrolled. A gateway that is away is no reason to forget anybody. */
async function enter(operator: Operator): Promise<void> {
  try {
    await open(operator);
  } catch (error) {
    const why = wordsOf(error, 'The gateway cannot be reached');
    session.value = isOver(error)
      ? { kind: 'signed_out', why: over }
      : { kind: 'unreachable', operator, why };
  }
}

/** Signs in again with what this browser remembers, if it does. */
export async function resume(): Promise<void> {
  const operator = rememberedOperator();
  if (operator === undefined) session.value = { kind: 'signed_out' };
  else await enter(operator);
}

/** Signs in with a one-time code. */
export async function signIn(code: string): Promise<void> {
  try {
    await enter(await enrol(code));
  } catch (error) {
    const why = wordsOf(error, 'The gateway cannot be reached');
    session.value = { kind: 'signed_out', why };
  }
}

/** Ends the session where a call has shown that the operator was revoked or removed. */
export function noticeEnd(error: unknown): void {
  if (isOver(error)) session.value = { kind: 'signed_out', why: over };
}

/** Ends the session: its tokens are revoked, and this browser forgets who it was. */
export async function signOut(): Promise<void> {
  const ending = source;
  const operator = rememberedOperator();
  source = undefined;
  forgetOperator();
  session.value = { kind: 'starting' };
  // Revoking takes a signature: the key goes last, and before anybody else comes
  await ending?.close().catch(() => {});
  if (operator !== undefined) await forgetKey(operator).catch(() => {});
  session.value = { kind: 'signed_out' };
}

// The verifier's steps in their order, each with what it checks and the rule that it comes from.

import type { ErrorCode } from '../../src/verify/index.ts';
import { errorCodes } from '../../src/verify/index.ts';

/** One step. */
export interface Stage {
  readonly name: string;
  readonly title: string;
  readonly rule: string;
}

export const stages = [
  { name: 'size', title: 'Size', rule: 'at most 2,048 bytes, 4,096 with ancestors' },
  {
    name: 'parse',
    title: 'Form',
    rule: 'RFC 7515 section 5.2: three canonical base64url parts, strict JSON',
  },
  {
    name: 'header',
    title: 'Algorithm and type',
    rule: 'RFC 8725 sections 3.1 and 3.11: only what is allowed',
  },
  { name: 'issuer', title: 'Issuer', rule: 'RFC 9068 section 4: exactly one that is trusted' },
  { name: 'key', title: 'Key', rule: 'RFC 7515 section 6: exactly one key of that issuer fits' },
  {
    name: 'chain',
    title: 'Chain',
    rule: 'RFC 8693 section 4.1: actors and hops are well-formed, three at most',
  },
  {
    name: 'signature',
    title: 'Signature',
    rule: 'RFC 7515 section 5.2: computed here, root first',
  },
  {
    name: 'claims',
    title: 'Claims and times',
    rule: 'RFC 9068 sections 2.2 and 4, RFC 7519 section 4.1',
  },
  { name: 'narrowing', title: 'Narrowing', rule: 'every hop grants no more than its parent' },
  {
    name: 'proof',
    title: 'Proof by the key',
    rule: 'RFC 9449 section 7: whoever presents it must prove the key',
  },
  { name: 'revocation', title: 'Revocation', rule: 'neither the token nor an ancestor is revoked' },
] as const satisfies readonly Stage[];

/** The name of a step. */
export type StageName = (typeof stages)[number]['name'];

/** The step that a code stops at. */
export function stageOf(code: ErrorCode): StageName {
  if (code === 'delegation_widened') return 'narrowing';
  const { stage } = errorCodes[code];
  if (stage === 'delegation') return 'chain';
  return stages.find(({ name }) => name === stage)?.name ?? 'claims';
}

/** How a step went. */
export type Outcome =
  | { readonly kind: 'passed'; readonly why?: string }
  | { readonly kind: 'not_reached' }
  | { readonly kind: 'not_checked'; readonly why: string }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly why: string };

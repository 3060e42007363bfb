// What the page finds out about one token: every step of the library's own verifier, and the claims in words.

import {
  createVerifier,
  decodeUnverified,
  errorCodes,
  type UnverifiedToken,
  type VerifiedAgent,
} from '../../src/verify/index.ts';
import { clock } from '../ui/format.ts';
import { keysOf, verifiable, type Trust } from './trust.ts';
import { stageOf, stages, type Outcome, type StageName } from './stages.ts';

/** What was found about one token. Nothing of it leaves the page. */
export interface Report {
  /** What tells it apart on the page. */
  readonly id: number;
  readonly decoded: UnverifiedToken | undefined;
  readonly hops: readonly UnverifiedToken[];
  readonly steps: Readonly<Record<StageName, Outcome>>;
  /** Present when every step passed. */
  readonly agent: VerifiedAgent | undefined;
}

/** A token with the hops of an off-line chain, as it was pasted. */
export interface Pasted {
  readonly token: string;
  readonly delegation: string | undefined;
}

/** Whatever has the dots of a token, whole: what stands at its ends is for the verifier to refuse. */
const isCandidate = (word: string): boolean => word.split('.').length > 2;
const most = 50;

/**
 * Finds the tokens in a text: one on each line; further ones on the same line, after spaces or
 * commas, are the hops of its chain. A line that holds none is a token too: a bad one.
 */
export function findTokens(text: string): readonly Pasted[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, most)
    .map((line) => {
      const [token = line, ...hops] = line.split(/[\s,;"'`<>]+/).filter(isCandidate);
      return { token, delegation: hops.length === 0 ? undefined : hops.join(',') };
    });
}

function decode(token: string): UnverifiedToken | undefined {
  try {
    return decodeUnverified(token);
  } catch {
    return undefined;
  }
}

let reports = 0;

/** Examines one token with the verifier that gateways use. */
export async function examine({ token, delegation }: Pasted, trust: Trust): Promise<Report> {
  const keys = await keysOf(trust.keys);
  const { revocation } = trust;
  const verifier = createVerifier({
    keys,
    issuer: trust.issuer,
    audience: trust.audience === '' ? null : trust.audience,
    profile: trust.profile,
    algorithms: verifiable,
    cache: false,
    ...(revocation === undefined ? {} : { revocation }),
  });
  const result = await verifier.checkAgentToken(token, { proof: null, delegation });
  const decoded = decode(token);
  const isBound = decoded?.claims['cnf'] !== undefined || delegation !== undefined;
  const failed = result.ok ? undefined : result.error.code;
  const stop = failed === undefined ? undefined : stageOf(failed);
  const at = stages.findIndex(({ name }) => name === stop);
  const asked = `not in the ${trust.by ?? 'feed'} as of ${clock(Date.now() / 1000)}`;
  const outcomeOf = (name: StageName, index: number): Outcome => {
    if (failed !== undefined && name === stop) {
      return { kind: 'failed', code: failed, why: errorCodes[failed].description };
    }
    if (at >= 0 && index > at) return { kind: 'not_reached' };
    if (name === 'proof') {
      const why = isBound ? 'a proof is made for one request, not for a page' : 'bound to no key';
      return { kind: 'not_checked', why };
    }
    if (name === 'revocation' && revocation === undefined) {
      return { kind: 'not_checked', why: 'no feed is known for these keys' };
    }
    if (name === 'revocation') return { kind: 'passed', why: asked };
    return { kind: 'passed' };
  };
  return {
    id: ++reports,
    decoded,
    hops: (delegation?.split(',') ?? []).flatMap((hop) => decode(hop) ?? []),
    steps: Object.fromEntries(
      stages.map(({ name }, index) => [name, outcomeOf(name, index)]),
    ) as Record<StageName, Outcome>,
    agent: result.ok ? result.value : undefined,
  };
}

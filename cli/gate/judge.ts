// The gate's judgement of one token: who is authorized, or with which code it is blocked

import {
  authorize,
  createVerifier,
  requireTier,
  TokenError,
  verifyDpopProof,
  type ReplayGuard,
  type TrustedIssuerOptions,
  type VerificationAlgorithm,
  type VerifiedAgent,
  type Verifier,
} from '../../src/verify/index.ts';
import { usage } from '../output/failure.ts';
import { GateFault } from './fault.ts';
import { openGateKeys } from './keys.ts';
import { openUsedProofs } from './replay.ts';
import { openGateRevocations, type GateRevocations } from './revocations.ts';
import type { GateSettings } from './settings.ts';

/** What a gate is asked. */
export interface GateRequest {
  readonly token: string;
  readonly scopes: readonly string[];
  readonly tier?: string | undefined;
  /** Replaces the audience of the settings. */
  readonly audience?: readonly string[] | undefined;
  readonly proof?: string | undefined;
  readonly acceptUnproven?: boolean;
}

/** What it answers. */
export type GateAnswer =
  | { readonly authorized: true; readonly agent: VerifiedAgent }
  | { readonly authorized: false; readonly code: string; readonly hint?: string };

/** A gate that is set up. */
export interface Gate {
  readonly judge: (request: GateRequest) => Promise<GateAnswer>;
  readonly revocations: GateRevocations | undefined;
  /** Loads what can be loaded beforehand; rejects with a GateFault where the settings are wrong. */
  readonly ready: () => Promise<void>;
}

/** Verifiers of further audiences that are kept. */
const maxVerifiers = 16;

const noKey =
  'no key is configured: set YAMTAM_AGENT_PUBKEY or SWARMGATE_JWKS, or name one with --key, --jwks or --url';

/** What a proof must name in `htu`; in `htm` it has POST. */
function gateTarget(scopes: readonly string[]): string {
  return `urn:swarmgate:gate:${scopes.join(',')}`;
}

/** Sets a gate up. `kid` is the key that the one token names which is to be judged. */
export function openGate(settings: GateSettings, kid?: string): Gate {
  const { revocations: feed, folder } = settings;
  const revocations = feed === undefined ? undefined : openGateRevocations(feed, settings);
  const replay = openUsedProofs(folder);
  const issuers = once(() => openIssuers(settings, kid));
  const verifiers = new Map<string, () => Promise<Verifier>>();

  async function makeVerifier(audience: readonly string[] | undefined): Promise<Verifier> {
    const list = await issuers();
    const { tiers } = settings;
    try {
      return createVerifier({
        issuers: list.map((issuer) => ({ ...issuer, ...(audience ? { audience } : {}) })),
        // Used up only by what is authorized: see below
        replay: null,
        ...(tiers === undefined ? {} : { tiers }),
        ...(revocations === undefined ? {} : { revocation: revocations }),
      });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new GateFault('key_unusable', `the settings are refused: ${error.message}`);
    }
  }

  function verifierFor(audience: readonly string[] | undefined): Promise<Verifier> {
    const id = JSON.stringify(audience ?? settings.audience ?? null);
    if (!verifiers.has(id) && verifiers.size >= maxVerifiers) verifiers.clear();
    const made = verifiers.get(id) ?? once(() => makeVerifier(audience ?? settings.audience));
    verifiers.set(id, made);
    return made();
  }

  const judgeNow = async (request: GateRequest): Promise<GateAnswer> =>
    judge(request, await verifierFor(request.audience), replay);
  return {
    revocations,
    judge: (request) => answered(() => judgeNow(request)),
    ready: async () => void (await verifierFor(undefined)),
  };
}

/** Does it at the first call, and again at the next one where it failed. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => {
    done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}

async function openIssuers(
  settings: GateSettings,
  kid: string | undefined,
): Promise<readonly TrustedIssuerOptions[]> {
  const { issuers, algorithms } = settings;
  if (issuers.length === 0) throw new GateFault('key_unavailable', noKey);
  return Promise.all(
    issuers.map(async ({ issuer, profile, place }) => ({
      issuer,
      profile,
      keys: await openGateKeys(place, settings, kid),
      // The verifier refuses what is no algorithm
      ...(algorithms === undefined
        ? {}
        : { algorithms: algorithms as readonly VerificationAlgorithm[] }),
    })),
  );
}

async function judge(
  request: GateRequest,
  verifier: Verifier,
  replay: ReplayGuard,
): Promise<GateAnswer> {
  const { token, scopes, tier, proof, acceptUnproven } = request;
  if (token === '') return { authorized: false, code: 'token_missing' };
  const target = { method: 'POST', url: gateTarget(scopes) };
  const unproven = acceptUnproven === true ? { proof: null } : {};
  const presented = proof === undefined ? unproven : { proof, ...target };
  const checked = await verifier.checkAgentToken(token, presented);
  if (!checked.ok) return { authorized: false, code: checked.error.code };
  const { value: agent } = checked;
  try {
    authorize(agent, scopes);
    if (tier !== undefined) requireTier(agent, tier);
  } catch (error) {
    // The caller's own words: not what the token says
    if (error instanceof TypeError) throw usage(`The gate cannot require this: ${error.message}`);
    throw error;
  }
  if (proof !== undefined) await verifyDpopProof(proof, { ...target, token, replay });
  return { authorized: true, agent };
}

/** Whatever goes wrong, the answer is not "authorized". */
async function answered(ask: () => Promise<GateAnswer>): Promise<GateAnswer> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TokenError) return { authorized: false, code: error.code };
    if (error instanceof GateFault) {
      return { authorized: false, code: error.code, hint: error.message };
    }
    throw error;
  }
}

// Verifies credentials: the library's verifier, made from the configuration.

import {
  createVerifier,
  localKeys,
  remoteKeys,
  TokenError,
  type KeySource,
  type RevocationSource,
  type TrustedIssuerOptions,
  type VerifiedAgent,
} from '../../src/verify/index.ts';
import type { ActorCheck } from '../authority/agent/actor_check.ts';
import type { DpopNonces } from '../authority/token/dpop_nonce.ts';
import type { Use } from '../authority/agent/registration.ts';
import type { TokenReader } from '../authority/http/token_reader.ts';
import type { Config } from '../env.ts';
import type { TrustedIssuer } from '../env_issuers.ts';
import { ConfigError } from '../env_values.ts';
import type { Headed } from '../respond.ts';
import type { Credential } from './admit.ts';
import { createAudienceRule, type AudienceRule } from './audience.ts';
import { RefusalError } from './refusal_error.ts';

/** The request that a credential came with. */
export interface Presented {
  readonly method: string;
  /** The URL that a proof must name: the public origin and the canonical path. */
  readonly url: string;
  /** What the token must be for; `undefined`: the gateway's own routes. */
  readonly audience?: string | undefined;
}

/** A request whose token and proof are good. Nothing is used up yet. */
export interface Verified {
  readonly agent: VerifiedAgent;
  /** The proof, which counts once: admission sees to that. */
  readonly use: Use | undefined;
  /** What the answer says of the next proof. */
  readonly headers: Headed;
}

/** Verifies what `admit` took. Every refusal is a TokenError. */
export interface TokenCheck extends Omit<TokenReader, 'present'> {
  /** Checks everything but whether the proof was used before. Writes nothing. */
  verify(credential: Credential, presented: Presented): Promise<Verified>;
  /** Checks that the token is still valid: not its proof, which was used up the first time. */
  recheck(credential: Credential): Promise<void>;
}

/** Parts that a deployment may add to the configured ones. */
export interface TokenCheckOptions {
  /** The keys of the authority in this Worker: its issuer is then trusted too. */
  readonly ownKeys?: KeySource;
  /** Omitted: revocation is not checked. */
  readonly revocation?: RevocationSource;
  /** Which delegates are whom they are said to be. Omitted: chains act for their root alone. */
  readonly authenticateActor?: ActorCheck;
  /** Omitted: proofs need no nonce. */
  readonly nonces?: DpopNonces | undefined;
  /** Keeps a fetch of keys alive after the answer. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

/**
 * Makes the check of a configuration. Fetches nothing yet.
 *
 * @throws ConfigError when a configured key or address cannot be used
 */
export async function createTokenCheck(
  config: Config,
  { ownKeys, revocation, authenticateActor, nonces, waitUntil }: TokenCheckOptions = {},
): Promise<TokenCheck> {
  const { issuer, audience, publicUrl } = config;
  const audiences = createAudienceRule(config);
  const trusted = await Promise.all(
    config.trustedIssuers.map((entry, at) => trust(entry, at, audiences, waitUntil)),
  );
  const own = ownKeys && {
    issuer,
    audience: audiences.widened([audience, publicUrl]),
    keys: ownKeys,
  };
  const issuers = own === undefined ? trusted : [own, ...trusted];
  const policy = { issuers, ...(config.tiers === undefined ? {} : { tiers: config.tiers }) };
  const verifier = createVerifier({
    ...policy,
    ...(revocation === undefined ? {} : { revocation }),
    ...(authenticateActor === undefined ? {} : { authenticateActor }),
  });
  const identifier = createVerifier({ ...policy, cache: false });

  const ofNonces = nonces && {
    isNonce: (nonce: string, agent: VerifiedAgent) => nonces.isOurs(nonce, nonceName(agent)),
  };

  /** The nonce that the presenter of a token should use next (RFC 9449 section 8.2). */
  async function nextNonce(agent: VerifiedAgent): Promise<Headed> {
    return nonces === undefined ? {} : { 'DPoP-Nonce': await nonces.make(nonceName(agent)) };
  }

  async function refuse(error: TokenError, { token, delegation }: Credential): Promise<TokenError> {
    if (error.code !== 'proof_nonce_required') return error;
    const found = await verifier.checkAgentToken(token, { proof: null, delegation });
    return found.ok ? new RefusalError(error.code, await nextNonce(found.value)) : found.error;
  }

  async function verify(
    credential: Credential,
    { method, url, audience: wanted }: Presented,
  ): Promise<Verified> {
    const { scheme, token, proof, delegation } = credential;
    let use: Use | undefined;
    const options = { delegation, ...ofNonces };
    // Only noted: using it up is admission's part, after everything that could refuse the request
    const replay = {
      use(id: string, expiresAt: number): boolean {
        use = { id, expiresAt };
        return true;
      },
    };
    const result = await verifier.checkAgentToken(
      token,
      proof === undefined ? options : { ...options, proof, method, url, replay },
    );
    if (!result.ok) throw await refuse(result.error, credential);
    const { value: agent } = result;
    audiences.check(agent, wanted);
    // RFC 9449 section 7.1: the DPoP scheme is for bound tokens only
    if (scheme === 'DPoP' && agent.jkt === undefined) throw new TokenError('proof_invalid');
    return { agent, use, headers: use === undefined ? {} : await nextNonce(agent) };
  }

  return {
    verify,

    async recheck({ token, delegation }) {
      const result = await verifier.checkAgentToken(token, { proof: null, delegation });
      if (!result.ok) throw result.error;
    },

    inspect: (token, delegation) => verifier.checkAgentToken(token, { proof: null, delegation }),
    identify: (token) => identifier.checkAgentToken(token, { proof: null }),
  };
}

/** Whose a nonce is: the client that holds the proof's key, whether or not anybody vouches for its id. */
function nonceName({ agentId, actors: [last] }: VerifiedAgent): string {
  return last?.agentId ?? agentId;
}

async function trust(
  { issuer, audience, profile, algorithms, keys }: TrustedIssuer,
  at: number,
  { widened }: AudienceRule,
  waitUntil: TokenCheckOptions['waitUntil'],
): Promise<TrustedIssuerOptions> {
  const options = {
    issuer,
    audience: widened(audience),
    profile,
    ...(algorithms === undefined ? {} : { algorithms }),
  };
  try {
    const source: KeySource =
      'uri' in keys
        ? remoteKeys(keys.uri, waitUntil === undefined ? {} : { waitUntil })
        : await localKeys({ keys: keys.jwks });
    return { ...options, keys: source };
  } catch (error) {
    const fault = error instanceof TypeError ? error.message : 'cannot be used';
    throw new ConfigError(`TRUSTED_ISSUERS[${at}]`, `has keys that cannot be used: ${fault}`);
  }
}

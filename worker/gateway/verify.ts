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
import type { ActorCheck } from '../authority/actor_check.ts';
import type { TokenReader } from '../authority/token_reader.ts';
import type { Config } from '../env.ts';
import type { TrustedIssuer } from '../env_issuers.ts';
import { ConfigError } from '../env_values.ts';
import { admit, type Credential } from './admit.ts';
import { createAudienceRule, type AudienceRule } from './audience.ts';

/** The request that a credential came with. */
export interface Presented {
  readonly method: string;
  /** The URL that a proof must name: the public origin and the canonical path. */
  readonly url: string;
  /** What the token must be for; `undefined`: the gateway's own routes. */
  readonly audience?: string | undefined;
}

/** Verifies what `admit` took. Every refusal is a TokenError. */
export interface TokenCheck extends TokenReader {
  verify(credential: Credential, presented: Presented): Promise<VerifiedAgent>;
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
  { ownKeys, revocation, authenticateActor, waitUntil }: TokenCheckOptions = {},
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

  async function verify(
    { scheme, token, proof, delegation }: Credential,
    { method, url, audience: wanted }: Presented,
  ): Promise<VerifiedAgent> {
    const presentation = { delegation, ...(proof === undefined ? {} : { proof, method, url }) };
    const result = await verifier.checkAgentToken(token, presentation);
    if (!result.ok) throw result.error;
    audiences.check(result.value, wanted);
    // RFC 9449 section 7.1: the DPoP scheme is for bound tokens only
    if (scheme === 'DPoP' && result.value.jkt === undefined) throw new TokenError('proof_invalid');
    return result.value;
  }

  return {
    verify,

    async recheck({ token, delegation }) {
      const result = await verifier.checkAgentToken(token, { proof: null, delegation });
      if (!result.ok) throw result.error;
    },

    async present({ headers, method, url: sentTo }, url) {
      return verify(admit(headers, new URL(sentTo).searchParams), { method, url });
    },

    inspect: (token, delegation) => verifier.checkAgentToken(token, { proof: null, delegation }),
    identify: (token) => identifier.checkAgentToken(token, { proof: null }),
  };
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

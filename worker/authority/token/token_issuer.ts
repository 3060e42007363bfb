// Signs access tokens in this isolate, under the ring's active key: no object is asked for it.

import { createIssuer, type Issuer, type SigningKey } from '../../../src/issue/index.ts';
import type { StatusClaim } from '../../../src/verify/index.ts';
import { createBoundedMap } from '../../bounded_map.ts';
import type { AuthorityContext } from '../context.ts';
import type { Registration } from '../agent/registration.ts';

/** What a token is to say. */
export interface TokenRequest {
  readonly registration: Registration;
  readonly sid: string;
  readonly scope: readonly string[];
  readonly audience: string;
  /** Thumbprint of the key that it is bound to. */
  readonly jkt: string | undefined;
  /** The client that may exchange it. */
  readonly mayAct: string | undefined;
  readonly tokenId: string;
  /** Where its status is listed. */
  readonly status: StatusClaim;
}

/** Issues tokens under a key. */
export type IssueToken = (key: SigningKey, request: TokenRequest) => Promise<string>;

/** Makes the issuing of an authority. */
export function createTokenIssuer({
  config,
  settings,
  now,
}: Pick<AuthorityContext, 'config' | 'settings' | 'now'>): IssueToken {
  const issuers = createBoundedMap<Issuer>(8);

  function issuerFor(key: SigningKey, audience: string): Issuer {
    const name = `${key.kid} ${audience}`;
    const known = issuers.get(name);
    if (known !== undefined) return known;
    const made = createIssuer({
      key,
      issuer: config.issuer,
      audience,
      lifetime: settings.tokenLifetime,
      clock: () => Math.floor(now() / 1000),
    });
    issuers.set(name, made);
    return made;
  }

  return (
    key,
    { registration: { id, tier, dlgMax }, sid, scope, audience, jkt, mayAct, tokenId: jti, status },
  ) =>
    issuerFor(key, audience).issueAgentToken({
      sub: id,
      tier,
      scope,
      jti,
      sid,
      status,
      ...(jkt === undefined ? {} : { cnf: { jkt } }),
      ...(dlgMax === undefined ? {} : { dlgMax }),
      ...(mayAct === undefined ? {} : { mayAct }),
    });
}

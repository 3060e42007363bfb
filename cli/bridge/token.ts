// Tokens by which the bridge acts for one agent: its own name and key, and never more than both may

import type { AccessToken, AccessTokenSource, TokenRequest } from '../../src/index.ts';
import type { Members } from '../output/answer.ts';
import { accessTokenType, exchangeGrant, requestToken, type TokenAsker } from '../token_request.ts';

/** The part of a lifetime after which a token is replaced. */
const renewAt = 14 / 15;

interface Held {
  readonly access: AccessToken;
  readonly renewAfter: number;
}

const seconds = (): number => Date.now() / 1000;

/**
 * Makes the source. Each token is exchanged for one of the agent's that names the bridge
 * (`may_act`), by the bridge, whom an operator lets act for the agent (RFC 8693). It is bound to the
 * bridge's key; the agent's own token is kept nowhere.
 */
export function actingSource(bridge: TokenAsker, agent: TokenAsker): AccessTokenSource {
  let held: Held | undefined;
  let renewal: Promise<Held> | undefined;

  async function renew(): Promise<Held> {
    const own = await requestToken(
      agent,
      { grant_type: 'client_credentials', may_act: bridge.id },
      { bound: false },
    );
    const askedAt = seconds();
    const answer = await requestToken(
      bridge,
      {
        grant_type: exchangeGrant,
        subject_token: own.access_token,
        subject_token_type: accessTokenType,
      },
      { bound: true },
    );
    const lifetime = lifetimeOf(answer);
    const { key } = bridge;
    const access: AccessToken = {
      token: answer.access_token,
      scheme: 'DPoP',
      key,
      expiresAt: askedAt + lifetime,
    };
    return { access, renewAfter: askedAt + lifetime * renewAt };
  }

  return {
    async token({ refused }: TokenRequest = {}) {
      const isGood = held !== undefined && seconds() < held.renewAfter;
      if (held !== undefined && isGood && held.access.token !== refused?.token) return held.access;
      // One renewal for all who ask
      renewal ??= renew().finally(() => {
        renewal = undefined;
      });
      held = await renewal;
      return held.access;
    },
  };
}

/** A lifetime that is not said is short. */
const lifetimeOf = ({ expires_in: lifetime }: Members): number =>
  typeof lifetime === 'number' && lifetime > 0 ? lifetime : 30;

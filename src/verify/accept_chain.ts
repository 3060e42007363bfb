// What a verifier remembers of a chain of off-line hops.

import { brandAgent } from '../token/agent.ts';
import { identify, type AcceptedToken } from './accept.ts';
import type { Grant } from './delegation.ts';
import type { Hop } from './hops.ts';

/** Makes what is remembered of a chain whose checks have all passed; it acts for its root alone. */
export function acceptChain(
  root: AcceptedToken,
  hops: readonly Hop[],
  grants: readonly Grant[],
): AcceptedToken {
  const { agent } = root;
  const leaf = grants.at(-1) ?? root.grant;
  const delegates = hops.map(({ delegate, jkt }) => Object.freeze({ agentId: delegate, jkt }));
  const identities = hops.map(({ grant, delegate, key }) =>
    identify(grant, [delegate], key.thumbprint),
  );
  return {
    ...root,
    agent: brandAgent({
      ...agent,
      tier: leaf.tier ?? agent.tier,
      scope: Object.freeze([...leaf.scope]),
      audience: Object.freeze([...leaf.audience]),
      expiresAt: leaf.expiresAt,
      actors: Object.freeze([
        ...delegates
          .toReversed()
          .map((delegate) => Object.freeze({ ...delegate, authenticated: false })),
        ...agent.actors,
      ]),
      jkt: delegates.at(-1)?.jkt ?? agent.jkt,
      identities: Object.freeze([...agent.identities, ...identities]),
    }),
    grant: leaf,
    times: {
      notBefore: root.times.notBefore,
      issuedAt: Math.max(root.times.issuedAt, ...grants.map(({ issuedAt }) => issuedAt)),
      expiresAt: leaf.expiresAt,
    },
    delegates,
  };
}

// What a verifier remembers of a chain of off-line hops, and the agent that it makes of its delegates.

import { brandAgent, type VerifiedAgent } from '../token/agent.ts';
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

/**
 * The agent of a chain, given which of its delegates are who they are said to be, oldest first.
 *
 * The last one makes the request: where it is authenticated, it is the presenter.
 */
export function withAuthenticated(
  { agent, delegates }: AcceptedToken,
  authenticated: readonly boolean[],
): VerifiedAgent {
  if (!authenticated.includes(true)) return agent;
  const last = authenticated.at(-1) === true ? delegates.at(-1) : undefined;
  const newestFirst = authenticated.toReversed();
  return brandAgent({
    ...agent,
    agentId: last?.agentId ?? agent.agentId,
    actors: Object.freeze(
      agent.actors.map((actor, at) => {
        const known = newestFirst[at];
        return known === true ? Object.freeze({ ...actor, authenticated: known }) : actor;
      }),
    ),
  });
}

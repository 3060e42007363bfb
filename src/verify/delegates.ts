// Who the delegates of an off-line chain are, and the agent that a verifier makes of them.

import { brandAgent, type VerifiedAgent } from '../token/agent.ts';
import type { AcceptedToken } from './accept.ts';
import type { Outcome } from './examine.ts';
import type { Policy } from './policy.ts';
import { asRefusal } from './sources.ts';

/**
 * The agent of a chain, given which of its delegates are who they are said to be, oldest first.
 *
 * The last one makes the request: where it is authenticated, it is the presenter.
 */
function withAuthenticated(
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

/** The agent of a token, after asking who the delegates of its chain are: each time, ids change hands. */
export async function authenticateDelegates(
  { authenticateActor }: Policy,
  accepted: AcceptedToken,
): Promise<Outcome<VerifiedAgent>> {
  const { agent, delegates } = accepted;
  if (authenticateActor === undefined) return { ok: true, value: agent };
  try {
    const answers = await Promise.all(
      delegates.map(async ({ agentId, jkt }) => (await authenticateActor(agentId, jkt)) === true),
    );
    return { ok: true, value: withAuthenticated(accepted, answers) };
  } catch (cause) {
    return { ok: false, error: asRefusal(cause, 'key_unavailable') };
  }
}

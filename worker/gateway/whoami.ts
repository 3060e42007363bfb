// GET /whoami: the verified agent, without its token.

import type { VerifiedAgent } from '../../src/verify/index.ts';
import { answer } from '../respond.ts';
import type { Target } from '../target.ts';

function describe(agent: VerifiedAgent): object {
  return {
    agent_id: agent.agentId,
    subject_id: agent.subjectId,
    tier: agent.tier,
    // A copy: frozen lists take the slow way to JSON
    scope: [...agent.scope],
    issuer: agent.issuer,
    token_id: agent.tokenId,
    session_id: agent.sessionId,
    expires_at: agent.expiresAt,
    actors: agent.actors.map(({ agentId, authenticated }) => ({
      agent_id: agentId,
      authenticated,
    })),
    jkt: agent.jkt,
  };
}

export const whoamiTarget: Target = {
  read: () => ({
    required: [],
    run: (call) => answer(describe(call.agent)),
  }),
};

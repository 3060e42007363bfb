// POST /agents/self/key: an agent changes its key, with a proof by the old one and one by the new one.

import { TokenError, verifyDpopProof, type VerifiedAgent } from '../../../src/verify/index.ts';
import { json } from '../../respond.ts';
import type { Target } from '../../target.ts';
import { keyBody } from './agent_bodies.ts';
import { readAgentKey } from './agent_key.ts';
import { changeKey, type AgentParts } from './agents.ts';
import { maxBodyBytes, readJson } from '../http/json_body.ts';
import { refuse, type RefusalCode } from '../http/refusal.ts';

const path = '/agents/self/key';

/** An agent with a token of ours for itself: what it changes is its own registration. */
function checkIsItself({ issuer, agentId, subjectId, actors }: VerifiedAgent, own: string): void {
  if (issuer !== own || agentId !== subjectId || actors.length > 0) {
    throw new TokenError('sender_mismatch');
  }
}

const action = 'agent:key';
const refused = (code: RefusalCode) => ({ required: [], action, run: async () => refuse(code) });

/** POST /agents/self/key */
export function keyTarget(
  parts: AgentParts,
  { issuer, publicUrl }: { readonly issuer: string; readonly publicUrl: string },
): Target {
  return {
    async read({ agent, readBody }) {
      checkIsItself(agent, issuer);
      const from = agent.jkt;
      if (from === undefined) throw new TokenError('proof_required');
      const body = readJson(await readBody(maxBodyBytes), keyBody);
      if (!body.ok) return refused(body.code);
      const key = await readAgentKey(body.value.jwk);
      if (typeof key === 'string') return refused(key);
      const expected = { method: 'POST', url: publicUrl + path, jkt: key.jkt };
      const { jti, expiresAt } = await verifyDpopProof(body.value.proof, expected);
      return {
        required: [],
        action,
        about: key.jkt,
        async run() {
          const { agentId: id } = agent;
          const stub = parts.agents.getByName(id);
          const first = await stub.useOnce({ id: `${key.jkt}:${jti}`, expiresAt });
          if (!first) throw new TokenError('proof_replayed');
          const changed = await changeKey(parts, id, from, key);
          if (changed === 'rate_limited') throw new TokenError('rate_limited');
          if (typeof changed === 'string') return refuse(changed);
          return json({ client_id: id, jkt: key.jkt });
        },
      };
    },
  };
}

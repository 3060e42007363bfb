// Mistakes that the types must refuse: a line that compiles after all is an error of this file

import {
  authorize,
  createIssuer,
  createVerifier,
  generateSigningKey,
  localKeys,
  type AuthorizedCall,
  type ErrorCode,
  type VerifiedAgent,
} from '../../src/index.ts';

const key = await generateSigningKey();
const keys = await localKeys(key.publicJwk);
const issuer = createIssuer({ key });
const verifier = createVerifier({ keys });
const agent = await verifier.verifyAgentToken('token');

// @ts-expect-error a verifier needs keys
createVerifier({});
// @ts-expect-error an issuer needs a key
createIssuer({});
// @ts-expect-error the opt-out is null: undefined on purpose is refused
createVerifier({ keys, issuer: undefined });
// @ts-expect-error the opt-out is null: undefined on purpose is refused
createVerifier({ keys, audience: undefined });
// @ts-expect-error symmetric algorithms do not exist here
createVerifier({ keys, algorithms: ['HS256'] });
// @ts-expect-error nor does "none"
createVerifier({ keys, algorithms: ['none'] });
// @ts-expect-error a symmetric algorithm signs nothing
await generateSigningKey('HS256');
// @ts-expect-error an unknown profile
createVerifier({ keys, profile: 'lax' });
// @ts-expect-error a misspelt option
createVerifier({ keys, audiences: 'swarm-bus' });

// @ts-expect-error a token needs a tier and scopes
await issuer.issueAgentToken({ sub: 'planner' });
// @ts-expect-error a scope is text
await issuer.issueAgentToken({ sub: 'planner', tier: 'fast', scope: [7] });

const claimed = { ...agent.claims, agentId: 'planner', scope: ['bus:publish'] };
// @ts-expect-error claims are not a verified agent
authorize(claimed, 'bus:publish');
// @ts-expect-error a token is not a verified agent
authorize('token', 'bus:publish');
// @ts-expect-error an outcome must be looked at before its agent is used
authorize(await verifier.checkAgentToken('token'), 'bus:publish');
// @ts-expect-error nobody but a verifier makes an agent
export const forged: VerifiedAgent = { agentId: 'planner', scope: ['bus:publish'] };
// @ts-expect-error nobody but authorize makes an authorized call
export const forgedCall: AuthorizedCall = { agent, required: ['bus:publish'] };

// @ts-expect-error an agent is read-only
agent.agentId = 'other';
// @ts-expect-error so are its scopes
agent.scope[0] = 'bus:veto';
// @ts-expect-error a code that is not in the table
export const code: ErrorCode = 'token_sad';

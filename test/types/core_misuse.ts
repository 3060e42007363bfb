// More mistakes around agents, calls, proofs and options that the types must refuse

import {
  authorize,
  challengeFor,
  createDpopProof,
  createIssuer,
  createVerifier,
  errorCodes,
  generateSigningKey,
  isVerifiedAgent,
  localKeys,
  memoryReplayGuard,
  requireTier,
  TokenError,
  verifyDpopProof,
  type AuthorizedCall,
  type RevocationSource,
  type VerifiedAgent,
} from '../../src/index.ts';

const key = await generateSigningKey();
const keys = await localKeys(key.publicJwk);
const verifier = createVerifier({ keys });
const issuer = createIssuer({ key });
const agent = await verifier.verifyAgentToken('token');
const call = authorize(agent, 'bus:publish');
const request = { method: 'GET', url: 'https://bus.example/' };

// Every member of an agent, but not its brand.
const complete = {
  agentId: 'planner',
  subjectId: 'planner',
  tier: 'fast',
  tiers: ['fast', 'power'],
  scope: ['bus:publish'],
  issuer: 'yamtam-engine',
  tokenId: undefined,
  sessionId: undefined,
  issuedAt: 0,
  expiresAt: 0,
  actors: [],
  jkt: undefined,
  keyThumbprint: 'x',
  claims: agent.claims,
};
// @ts-expect-error all members by hand are not a verified agent
export const byHand: VerifiedAgent = complete;
// @ts-expect-error nor do they become one by an assertion of the whole
requireTier(complete, 'fast');
// @ts-expect-error an agent alone is not an authorized call
export const callByHand: AuthorizedCall = { agent: complete, required: ['bus:publish'] };
// @ts-expect-error the brand has no name that could be written
export const branded: VerifiedAgent = { ...complete, verified: true };

export function narrowed(value: unknown): string {
  // @ts-expect-error an unknown value has no agent id before it was looked at
  const early: unknown = value.agentId;
  return isVerifiedAgent(value) ? value.agentId : String(early);
}

// @ts-expect-error a tier is read-only
agent.tier = 'power';
// @ts-expect-error so are the claims
agent.claims.sub = 'admin';
// @ts-expect-error so are claims of no known name
agent.claims['team'] = 'b';
// @ts-expect-error so are the actors
agent.actors[0] = { agentId: 'a', authenticated: true };
// @ts-expect-error so is the number of scopes
agent.scope.length = 0;
// @ts-expect-error a call is read-only
call.agent = agent;
// @ts-expect-error so is what it required
call.required[0] = 'admin:write';
// @ts-expect-error the table of errors is read-only
errorCodes.token_expired.status = 200;
// @ts-expect-error an error keeps its code
new TokenError('token_expired').code = 'token_missing';
// @ts-expect-error a code must be in the table
export const unknownCode: TokenError = new TokenError('token_sad');

// @ts-expect-error undefined on purpose would look like a switch
createVerifier({ keys, revocation: undefined });
// @ts-expect-error the opt-out of replay protection is null
createVerifier({ keys, replay: undefined });
// @ts-expect-error the opt-out of the cache is false
createVerifier({ keys, cache: null });
// @ts-expect-error a misspelt limit
createVerifier({ keys, cache: { maxEntry: 5 } });
// @ts-expect-error a tolerance is a number of seconds
createVerifier({ keys, clockTolerance: '5s' });
// @ts-expect-error a clock answers with a number
createVerifier({ keys, clock: () => new Date() });
// @ts-expect-error shared options do not belong to one issuer
createVerifier({ issuers: [{ keys, clockTolerance: 5 }] });
// @ts-expect-error one issuer or several, not both
createVerifier({ keys, issuers: [{ keys }] });
// @ts-expect-error a revocation source answers with a boolean
export const lax: RevocationSource = { isRevoked: () => undefined };
// @ts-expect-error keys come from a key source, not as they are
createVerifier({ keys: key.publicJwk });

// @ts-expect-error undefined would leave a token unbound without a word
await issuer.issueAgentToken({ sub: 'a', tier: 'fast', scope: [], cnf: undefined });
// @ts-expect-error an issuer has one name; only a verifier may opt out
createIssuer({ key, issuer: null });
// @ts-expect-error the audience is never left out on purpose
createIssuer({ key, audience: null });

// @ts-expect-error a proof is text, or null
await verifier.verifyAgentToken('token', { proof: 7 });
// @ts-expect-error undefined is not the opt-out
await verifier.verifyAgentToken('token', { proof: undefined });
// @ts-expect-error a misspelt option
await verifier.verifyAgentToken('token', { dpop: 'proof' });
// @ts-expect-error an agent without a key must not switch the check of the key off
await verifyDpopProof('proof', { ...request, jkt: agent.jkt });
// @ts-expect-error a proof is held against a URL
await verifyDpopProof('proof', { method: 'GET' });
// @ts-expect-error symmetric algorithms prove nothing
await verifyDpopProof('proof', { ...request, algorithms: ['HS256'] });
// @ts-expect-error a proof needs a key
await createDpopProof(request);
// @ts-expect-error a misspelt option
memoryReplayGuard({ maxEntry: 5 });
// @ts-expect-error a scheme that does not exist here
challengeFor('token_missing', { scheme: 'Basic' });

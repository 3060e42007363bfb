// What users of the library write, and the types that they get: all of it must compile

import {
  authorize,
  createIssuer,
  createVerifier,
  delegateAgentToken,
  generateSigningKey,
  localKeys,
  TokenError,
  type AuthorizedCall,
  type Issuer,
  type KeySource,
  type SigningKey,
  type VerifiedAgent,
  type Verifier,
} from '../../src/index.ts';

const key: SigningKey = await generateSigningKey();
const keys: KeySource = await localKeys(key.publicJwk);
const own: KeySource = { find: (query) => keys.find(query) };

const issuer: Issuer = createIssuer({ key });
const token: string = await issuer.issueAgentToken({
  sub: 'planner',
  tier: 'fast',
  scope: ['bus:publish'],
});

const verifier: Verifier = createVerifier({ keys: own });
createVerifier({ keys, issuer: null, audience: null });
createVerifier({ keys, audience: ['swarm-bus', 'tools'] });
createVerifier({ issuers: [{ keys }, { issuer: 'other', keys, profile: 'engine' }] });

createVerifier({ keys, authenticateActor: async (id, jkt) => id !== jkt });
const hop: string = await delegateAgentToken({
  token,
  key,
  to: 'scraper',
  cnf: { jkt: key.kid },
  scope: ['bus:publish'],
}).catch(() => '');
await verifier.checkAgentToken(token, { delegation: hop, proof: null });

const agent: VerifiedAgent = await verifier.verifyAgentToken(token);
const scope: readonly string[] = agent.scope;
const session: string | undefined = agent.sessionId;
const call: AuthorizedCall = authorize(agent, scope);
authorize(call.agent, 'bus:publish');

const outcome = await verifier.checkAgentToken(token);
export const told: string = outcome.ok ? outcome.value.agentId : outcome.error.code;
export const known: boolean =
  !outcome.ok && outcome.error instanceof TokenError && outcome.error.code === 'token_expired';
export { session };

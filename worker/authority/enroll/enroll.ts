// POST /enroll: a one-time code and a proof by a fresh key become a registered agent.

import { TokenError, verifyDpopProof, type DpopProof } from '../../../src/verify/index.ts';
import { agentsStub } from './agent_directory.ts';
import type { Config } from '../../env.ts';
import { clientWho } from '../../observe/decision.ts';
import { readCapped } from '../../read_capped.ts';
import { json } from '../../respond.ts';
import type { Call, OpenHandler } from '../../route.ts';
import { addressOf } from '../http/attempts.ts';
import { enrollBody } from './agent_bodies.ts';
import { readAgentKey } from './agent_key.ts';
import { liftRemoved, type AgentParts } from './agents.ts';
import { enrollmentOf, hashCode } from './enrollment_code.ts';
import { factsOf } from './facts.ts';
import type { LookupBudget } from '../http/lookup_budget.ts';
import { maxBodyBytes, readJson } from '../http/json_body.ts';
import { refuse, type RefusalCode } from '../http/refusal.ts';
import type { AgentKey, Registration } from '../agent/registration.ts';

/** What enrolment works with. */
export interface EnrollParts extends AgentParts {
  readonly config: Pick<Config, 'issuer' | 'publicUrl'>;
  /** How many codes that are none an address may bring. */
  readonly budget: LookupBudget;
}

/** The proof of a request, whose key the body must name too (RFC 9449 section 4.3). */
async function readProof(request: Request, { url }: Call): Promise<DpopProof> {
  const header = request.headers.get('dpop');
  if (header === null) throw new TokenError('proof_required');
  // Several headers arrive joined by commas, and no proof has one
  if (header.includes(',')) throw new TokenError('proof_invalid');
  return verifyDpopProof(header, { method: 'POST', url });
}

interface Presented {
  readonly code: string;
  readonly key: AgentKey;
}

async function readPresented(request: Request): Promise<Presented | RefusalCode> {
  const body = readJson(await readCapped(request.body, maxBodyBytes), enrollBody);
  if (!body.ok) return body.code;
  const key = await readAgentKey(body.value.jwk);
  return typeof key === 'string' ? key : { code: body.value.code, key };
}

/**
 * Tells whether a use of a code counts: the one that registered the agent does. Its key may ask
 * again with a proof that it made afterwards: the answer may have been lost.
 */
const isAnswered = (created: boolean, registration: Registration, proof: DpopProof): boolean =>
  created || (registration.jkt === proof.jkt && proof.issuedAt > registration.createdAt);

async function redeem(
  parts: EnrollParts,
  { code, key }: Presented,
  proof: DpopProof,
): Promise<Registration | 'enrollment_refused' | 'key_taken'> {
  const enrollmentId = enrollmentOf(code);
  if (enrollmentId === undefined) return 'enrollment_refused';
  const directory = agentsStub(parts.directory);
  const redeemed = await directory.redeem(enrollmentId, await hashCode(code), key.jkt);
  if (redeemed.kind === 'refused') return 'enrollment_refused';
  if (redeemed.kind === 'key_taken') return 'key_taken';
  const { agentId, policy } = redeemed.enrollment;
  const notBefore = await liftRemoved(parts, agentId);
  const agent = parts.agents.getByName(agentId);
  const { created, registration } = await agent.enroll(agentId, policy, key, notBefore);
  await directory.settle(agentId, factsOf(registration), redeemed.stamp);
  return isAnswered(created, registration, proof) ? registration : 'enrollment_refused';
}

/** Codes that are none are counted by address: beyond the budget none reaches an object. */
async function onBudget(
  parts: EnrollParts,
  request: Request,
  presented: Presented,
  proof: DpopProof,
): Promise<Registration | 'enrollment_refused' | 'key_taken'> {
  const address = addressOf(request);
  if (!(await parts.budget.enter(address))) throw new TokenError('rate_limited');
  // A failure to ask counts as found: it says nothing against who asked
  let found = true;
  try {
    const outcome = await redeem(parts, presented, proof);
    found = outcome !== 'enrollment_refused';
    return outcome;
  } finally {
    parts.budget.leave(address, found);
  }
}

/** Makes the handler of the route. */
export function enrollHandler(parts: EnrollParts): OpenHandler {
  const { issuer, publicUrl } = parts.config;
  return async (request, call) => {
    call.note({ action: 'agent:enroll' });
    const presented = await readPresented(request);
    if (typeof presented === 'string') return refuse(presented);
    const proof = await readProof(request, call);
    if (proof.jkt !== presented.key.jkt) throw new TokenError('proof_invalid');
    const agent = await onBudget(parts, request, presented, proof);
    if (typeof agent === 'string') {
      call.note({ code: agent });
      return refuse(agent);
    }
    call.note({ who: clientWho(agent.id, issuer, { jkt: proof.jkt }), resource: agent.id });
    return json(
      {
        client_id: agent.id,
        issuer,
        token_endpoint: `${publicUrl}/token`,
        jwks_uri: `${publicUrl}/.well-known/jwks.json`,
        resource: publicUrl,
      },
      201,
    );
  };
}

// The swarm of the demonstration: an operator registers two agents, and removes them at the end

import { randomBytes } from 'node:crypto';
import {
  createAuthenticatedFetch,
  createTokenSource,
  type TokenSource,
} from '../src/client/index.ts';
import { generateSigningKey, type SigningKey } from '../src/issue/index.ts';
import { makeAgent, type Agent } from './demo_agent.ts';

/** A gateway that is an authority too, and its first operator's key. */
export interface Stage {
  readonly url: string;
  readonly operator: SigningKey;
}

/** An agent that was registered and has a token of its own. */
export interface Member extends Agent {
  readonly source: TokenSource;
}

/** Two agents and what their operator can do. */
export interface Swarm {
  readonly planner: Member;
  readonly coder: Member;
  /** Revokes an agent and all of its tokens; answers the status. */
  revoke(id: string): Promise<number>;
  remove(): Promise<void>;
}

type Fetch = ReturnType<typeof createAuthenticatedFetch>;

const patience = 20_000;

function operatorFetch({ url, operator }: Stage): Fetch {
  const source = createTokenSource({ issuer: url, clientId: 'operator', key: operator });
  return createAuthenticatedFetch({ source, origins: [url] });
}

/** Calls of the operator's, with a JSON body where there is one. */
export type OperatorCall = (method: string, path: string, body?: object) => Promise<Response>;

/** Makes the calls of a gateway's operator. */
export function operatorCalls(stage: Stage): OperatorCall {
  const asOperator = operatorFetch(stage);
  return (method, path, body) =>
    asOperator(`${stage.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patience),
    });
}

/** Tells whether the key is that of the gateway's operator. */
export async function isOperatorOf(stage: Stage): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(patience);
    const response = await operatorFetch(stage)(`${stage.url}/admin/agents?limit=1`, { signal });
    return response.ok;
  } catch {
    return false;
  }
}

/** Registers the two agents, each with a key of its own, and lets them get tokens. */
export async function makeSwarm(stage: Stage): Promise<Swarm> {
  const { url } = stage;
  const call = operatorCalls(stage);
  const members: Member[] = [];

  async function join(role: string): Promise<Member> {
    // Another demonstration may run at the same time
    const id = `demo-${role}-${randomBytes(3).toString('hex')}`;
    const key = await generateSigningKey();
    const scope = ['bus:publish', 'bus:receive'];
    const { kid: _kid, use: _use, alg: _alg, ...jwk } = key.publicJwk;
    const answer = await call('POST', '/admin/agents', {
      id,
      tier: 'fast',
      scope,
      jwk,
      dpop: 'required',
    });
    if (answer.status !== 201) throw new Error(`Registering ${id} was answered ${answer.status}`);
    const source = createTokenSource({ issuer: url, clientId: id, key });
    const { token } = await source.token();
    const asAgent = createAuthenticatedFetch({ source, origins: [url] });
    const member = { ...makeAgent(url, id, token, asAgent), source };
    members.push(member);
    return member;
  }

  return {
    planner: await join('planner'),
    coder: await join('coder'),
    async revoke(id) {
      return (await call('POST', '/admin/revocations', { kind: 'agent', value: id })).status;
    },
    async remove() {
      for (const { id } of members) await call('DELETE', `/admin/agents/${id}`);
    },
  };
}

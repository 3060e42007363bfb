// The real Worker with the built page, a swarm that does what a test says, and a proxy in front that sees everything

import { createDpopProof, generateSigningKey, type SigningKey } from '../../../src/index.ts';
import {
  createAuthenticatedFetch,
  createBusClient,
  createTokenSource,
  type AuthenticatedFetch,
  type BusClient,
  type TokenSource,
} from '../../../src/client/index.ts';
import { operatorCalls, type OperatorCall } from '../../../scripts/demo_swarm.ts';
import { startGateway, type RunningGateway } from '../gateway.ts';
import { openSocket, type TestSocket } from '../sockets.ts';
import { startRecordingProxy, type RecordingProxy } from './recording_proxy.ts';

/** What an agent may be registered with. */
export interface AgentPolicy {
  readonly tier?: string;
  readonly scope?: readonly string[];
  readonly dlg_max?: number;
}

/** An agent of the test's swarm. */
export interface StageAgent {
  readonly id: string;
  readonly key: SigningKey;
  readonly source: TokenSource;
  readonly call: AuthenticatedFetch;
  readonly bus: BusClient;
  /** Opens a socket with the agent's token. */
  readonly socket: () => Promise<TestSocket>;
}

/** A gateway whose dashboard can be opened. */
export interface Stage {
  readonly url: string;
  readonly proxy: RecordingProxy;
  readonly gateway: RunningGateway;
  readonly operator: OperatorCall;
  /** A one-time code for an operator who may do what the scopes say. */
  readonly code: (...scope: string[]) => Promise<string>;
  readonly agent: (id: string, policy?: AgentPolicy) => Promise<StageAgent>;
  readonly stop: () => Promise<void>;
}

/** Starts everything. */
export async function startStage(variables: Record<string, string> = {}): Promise<Stage> {
  const proxy = await startRecordingProxy();
  const { url } = proxy;
  const operatorKey = await generateSigningKey();
  const gateway = await startGateway({
    variables: {
      ISSUER: url,
      TRUSTED_ISSUERS: undefined,
      KEY_ENCRYPTION_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString(
        'base64url',
      ),
      OPERATOR_JWK: JSON.stringify(operatorKey.publicJwk),
      ...variables,
    },
  });
  proxy.target = gateway.url;
  const operator = operatorCalls({ url, operator: operatorKey });
  const ends: (() => Promise<void>)[] = [];
  let operators = 0;

  async function must(
    method: string,
    path: string,
    body: object,
  ): Promise<Record<string, unknown>> {
    const response = await operator(method, path, body);
    const text = await response.text();
    if (response.status !== 201) throw new Error(`${path} answered ${response.status} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  async function agent(id: string, policy: AgentPolicy = {}): Promise<StageAgent> {
    const key = await generateSigningKey();
    const { kid: _kid, use: _use, alg: _alg, ...jwk } = key.publicJwk;
    const { tier = 'fast', scope = ['bus:publish', 'bus:receive'], ...rest } = policy;
    await must('POST', '/admin/agents', { id, tier, scope, jwk, dpop: 'required', ...rest });
    const source = createTokenSource({ issuer: url, clientId: id, key });
    const bus = createBusClient({ url, source, transport: 'http' });
    ends.push(async () => bus.close());
    return {
      id,
      key,
      source,
      bus,
      call: createAuthenticatedFetch({ source, origins: [url] }),
      async socket() {
        const { token } = await source.token();
        const proof = await createDpopProof({
          key,
          method: 'GET',
          url: `${url}/bus/connect`,
          token,
        });
        const protocols = ['swarmbus.v1', `dpop.${token}`, `proof.${proof}`];
        return openSocket(gateway.url, { protocols });
      },
    };
  }

  return {
    url,
    proxy,
    gateway,
    operator,
    agent,
    async code(...scope) {
      const { code } = await must('POST', '/admin/enrollments', {
        id: `dashboard-${++operators}`,
        tier: 'power',
        scope,
        dpop: 'required',
      });
      return String(code);
    },
    async stop() {
      for (const end of ends) await end().catch(() => {});
      await proxy.stop();
      await gateway.stop();
    },
  };
}

// What the object that holds sockets asks of the gateway: the very checks that every request passes.

import {
  authorize as authorizeScopes,
  TokenError,
  type VerifiedAgent,
} from '../../src/verify/index.ts';
import { decideFrame } from '../observe/watch_frame.ts';
import { respond } from '../respond.ts';
import { admitUnbound, authorize } from './authorize.ts';
import type { Credential } from './admit.ts';
import { forward, targetOf } from './forward.ts';
import { presentOnce } from './present.ts';
import { startHere, type Started } from './start.ts';

/** The path of the socket: proofs name it, at the upgrade and later. */
const socketPath = '/bus/connect';

/** A token of an open socket, without a proof. */
export type OpenToken = Pick<Credential, 'token' | 'delegation'>;

/** The gateway, for sockets. Every refusal is a TokenError. */
export interface SocketHost {
  /** Whether a token that was presented once is still good: times, key, revocation, delegates. */
  inspect(token: OpenToken): Promise<VerifiedAgent>;
  /** Verifies a token that is presented in a frame. Its proof is used up unless `allow` throws. */
  present(credential: Credential, allow: (agent: VerifiedAgent) => void): Promise<VerifiedAgent>;
  /** Refuses what an agent's scopes do not cover, or only a bound token may; `type` is the frame's. */
  allow(agent: VerifiedAgent, required: readonly string[], type: string): Promise<void>;
  /** Publishes a message as sent, and answers its id. */
  publish(agent: VerifiedAgent, message: Uint8Array): Promise<string>;
  /** The issuer whose log is in this Worker. */
  readonly log: string | undefined;
  readonly isPolled: Started['isPolled'];
}

/**
 * The gateway of this Worker, for sockets.
 *
 * @throws TokenError `key_unavailable` while its configuration is wrong
 */
export async function socketHost(env: object): Promise<SocketHost> {
  const started = await startHere(env);
  if (started === undefined) throw new TokenError('key_unavailable');
  const { config, services, isPolled, observer } = started;
  return {
    log: config.authority === undefined ? undefined : config.issuer,
    isPolled,

    async inspect({ token, delegation }) {
      const result = await started.check.inspect(token, delegation);
      if (!result.ok) throw result.error;
      return result.value;
    },

    present: (credential, allow) =>
      decideFrame({ observer, type: 'reauth' }, async (watch) => {
        const presented = { method: 'GET', url: config.publicUrl + socketPath };
        const agent = await presentOnce(credential, presented, started, allow);
        watch.verified(agent);
        await watch.allow();
        return agent;
      }),

    allow: (agent, required, type) =>
      decideFrame({ observer, type, agent, required }, (watch) => {
        authorizeScopes(agent, required);
        admitUnbound(agent, config.admission, required);
        return watch.allow();
      }),

    publish: (agent, message) =>
      decideFrame({ observer, type: 'publish', agent }, async (watch) => {
        const prepared = await targetOf('bus_send').read(
          {
            agent,
            isHead: false,
            query: new URLSearchParams(),
            params: {},
            readBody: async (limit) => {
              if (message.length > limit) throw new TokenError('message_too_large');
              return message;
            },
            recheck: async () => {},
          },
          services,
        );
        watch.wants(prepared.required, prepared.about);
        const call = authorize(agent, prepared);
        admitUnbound(agent, config.admission, prepared.required);
        const { message: entry } = prepared;
        const admitted = await started.admission.admit({ agent, use: undefined, message: entry });
        // The agent's key was replaced a moment ago: the next frame is somebody else's
        if (admitted === 'not_holder') {
          started.forgetActor(agent.agentId);
          throw new TokenError('proof_invalid');
        }
        await watch.allow();
        const answer = respond(await forward(call, prepared, admitted.reservation), {});
        const { id } = await answer.json<{ id: string }>();
        return id;
      }),
  };
}

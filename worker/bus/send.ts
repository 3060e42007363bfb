// POST /bus/messages: reads an envelope, says which scopes it takes, and publishes it once.

import { TokenError, type ErrorCode, type VerifiedAgent } from '../../src/verify/index.ts';
import { answer } from '../respond.ts';
import type { Prepared, Target } from '../target.ts';
import {
  checkDigest,
  checkTime,
  envelopeLimits,
  readEnvelope,
  sha256,
  type Envelope,
} from './envelope.ts';
import { publishOnce } from './publish.ts';
import { representScope } from './represent.ts';

/** The scopes that an envelope takes, each narrowed to its subject. */
function requiredScopes({ subject, type, to, from }: Envelope, agent: VerifiedAgent): string[] {
  return [
    `bus:publish:${subject}`,
    ...(type === 'VETO' ? [`bus:veto:${subject}`] : []),
    ...(to === '*' ? [`bus:broadcast:${subject}`] : []),
    ...representScope(agent, from),
  ];
}

function refuse(code: ErrorCode | undefined): void {
  if (code !== undefined) throw new TokenError(code);
}

export const sendTarget: Target = {
  async read({ agent, readBody }, { bus, ledgerOf, defer, now }): Promise<Prepared> {
    const bytes = await readBody(envelopeLimits.messageBytes);
    const envelope = readEnvelope(bytes);
    if (!envelope.ok) throw new TokenError(envelope.error);
    const { value } = envelope;
    refuse(await checkDigest(value));
    refuse(checkTime(value, now()));
    const { id, to, sentAt, expiresAt, body, nonce } = value;
    const digest = await sha256(bytes);
    return {
      required: requiredScopes(value, agent),
      message: { nonce, id, digest, to, expiresAt },
      async run(call, reservation) {
        const { agentId: sender, actors } = call.agent;
        const via = actors
          .filter(({ authenticated }) => authenticated)
          .map((actor) => actor.agentId);
        const message = { sender, via, to, id, digest, sentAt, expiresAt, body };
        const ledger = ledgerOf(sender);
        const publishing = publishOnce(message, nonce, { ledger, bus, defer, reservation });
        // A client that goes away in the middle must not stop what it began
        defer(publishing.catch(() => undefined));
        await publishing;
        return answer({ id: value.idAsSent }, 202);
      },
    };
  },
};

// DELETE /bus/messages/{id}: acknowledges a delivered message of the presenter's mailbox.

import { isAgentId, TokenError } from '../../src/verify/index.ts';
import type { Prepared, Target } from '../target.ts';
import { isMessageId } from './envelope.ts';
import { textParameter } from './query.ts';
import { mailboxOf, receiveScopes } from './represent.ts';

export const acknowledgeTarget: Target = {
  read({ agent, params, query }, { bus }): Prepared {
    const { id } = params;
    const sender = textParameter(query, 'sender');
    if (!isMessageId(id) || (sender !== undefined && !isAgentId(sender))) {
      throw new TokenError('message_malformed');
    }
    const mailbox = mailboxOf(agent, textParameter(query, 'agent'));
    return {
      required: receiveScopes(agent, mailbox),
      async run() {
        await bus.acknowledge(mailbox, id.toLowerCase(), sender);
        return new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store' } });
      },
    };
  },
};

// GET /bus/status: how deep a mailbox is: one's own, another's, or all known ones page by page.

import { isAgentId, TokenError } from '../../src/verify/index.ts';
import { answer } from '../respond.ts';
import type { Prepared, Target } from '../target.ts';
import { numberParameter, textParameter } from './query.ts';
import { mailboxOf } from './represent.ts';

const limit = { min: 1, max: 100, fallback: 50 } as const;

export const statusTarget: Target = {
  read({ agent, query }, { bus }): Prepared {
    const named = textParameter(query, 'agent');
    const after = textParameter(query, 'after') ?? '';
    const size = numberParameter(query, 'limit', limit);
    if (after !== '' && !isAgentId(after)) throw new TokenError('message_malformed');
    if (named === '*') {
      return {
        required: ['bus:status'],
        run: async () => answer(await bus.list(after, size)),
      };
    }
    const mailbox = mailboxOf(agent, named);
    return {
      required: mailbox === agent.agentId ? [] : ['bus:status'],
      run: async () => answer(await bus.status(mailbox)),
    };
  },
};

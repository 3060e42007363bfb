// GET /bus/messages: leases envelopes to the presenter, and waits for a first one if asked to.

import type { Prepared, Target } from '../target.ts';
import { deliveryJson } from './delivery_json.ts';
import { numberParameter, textParameter } from './query.ts';
import { mailboxOf, receiveScopes } from './represent.ts';

const limits = {
  max: { min: 1, max: 100, fallback: 10 },
  wait: { min: 0, max: 30, fallback: 0 },
} as const;

export const receiveTarget: Target = {
  read({ agent, query, isHead, recheck }, { bus, now }): Prepared {
    const max = numberParameter(query, 'max', limits.max);
    const wait = numberParameter(query, 'wait', limits.wait);
    const mailbox = mailboxOf(agent, textParameter(query, 'agent'));
    return {
      required: receiveScopes(agent, mailbox),
      async run() {
        // HEAD is safe (RFC 9110 section 9.2.1): what it leased nobody would see
        if (isHead) return { text: '{"messages":[]}', status: 200 };
        const deliveries = await bus.receive(mailbox, {
          max,
          waitUntil: Math.min(now() + wait * 1000, agent.expiresAt * 1000),
          beforeLease: recheck,
        });
        return { text: `{"messages":[${deliveries.map(deliveryJson).join(',')}]}`, status: 200 };
      },
    };
  },
};

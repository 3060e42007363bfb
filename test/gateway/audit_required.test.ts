// AUDIT=required: nothing is forwarded whose record is not durable, and all is well once the log is back

import { describe, expect, test } from 'vitest';
import { auditObjects, auditOutage, untilRecorded, verifyLines } from '../support/audit.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { codeOf } from '../support/http.ts';
import { publicJwkOf, signIn, startOperated, type Caller } from '../support/operator.ts';
import { makeKey } from '../support/tokens.ts';

async function register(url: string, operator: Caller, id: string): Promise<Caller> {
  const key = await makeKey();
  const policy = { tier: 'fast', scope: ['bus:publish', 'bus:receive'] };
  await operator.send('POST', '/admin/agents', { id, ...policy, jwk: publicJwkOf(key) });
  return signIn(url, { id, key });
}

describe('AUDIT=required', () => {
  test.each(['the-log-fails', 'the-log-hangs'])(
    '%s: 503 and the bus is untouched, then all is well and the log is whole',
    async (subject) => {
      const variables = { AUDIT: 'required' };
      const gateway = await startOperated({ objects: await auditObjects(), variables });
      try {
        const { url } = gateway;
        const operator = await signIn(url, gateway.operator);
        const sender = await register(url, operator, 'sender');
        const receiver = await register(url, operator, 'receiver');
        const send = async (about: string): Promise<string> => {
          const { text } = await makeEnvelope({ to: 'receiver', subject: about });
          return codeOf(await sender.send('POST', '/bus/messages', text));
        };
        expect(await send('before')).toBe('202');
        expect(await send(subject)).toBe('503 audit_unavailable');
        const recovered = Date.now() + auditOutage + 10_000;
        let answer = await send('meanwhile');
        while (answer !== '202' && Date.now() < recovered) {
          expect(answer).toBe('503 audit_unavailable');
          answer = await send('meanwhile');
        }
        expect(answer).toBe('202');
        const received = await receiver.send('GET', '/bus/messages?max=100');
        const subjects = [...received.text.matchAll(/"subject":\s*"([^"]*)"/g)].map(
          ([, name]) => name,
        );
        // Exactly those that were answered 202
        expect(subjects).toEqual(['before', 'meanwhile']);
        const lines = await untilRecorded(operator, (records) =>
          records.some(({ code }) => code === 'audit_unavailable'),
        );
        expect(await verifyLines(url, lines)).toMatchObject({ ok: true, losses: [] });
        expect(gateway.logs()).not.toContain('secret detail');
      } finally {
        await gateway.stop();
      }
    },
  );
});

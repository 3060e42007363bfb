// Which scopes an envelope takes, by its type, recipient, subject and sender

import { afterAll, describe, expect, test } from 'vitest';
import type { EnvelopeOptions } from '../support/envelopes.ts';
import { startGateway } from '../support/gateway.ts';
import { codeOf } from '../support/http.ts';
import { createSwarm } from '../support/swarm.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const { issuer } = gateway;
const { mint, agent, post, send, receive } = await createSwarm(gateway);

describe('scopes', () => {
  const answerTo: EnvelopeOptions = { type: 'RESPONSE', payload: '{"request_id":"r-1"}' };

  test.each<[string, EnvelopeOptions, string]>([
    ['bus:publish', {}, '202'],
    ['bus:publish', answerTo, '202'],
    ['bus:publish', { type: 'HEARTBEAT' }, '202'],
    ['bus:publish', { type: 'BROADCAST' }, '202'],
    ['bus:receive', {}, '403 scope_insufficient'],
    ['', {}, '403 scope_insufficient'],
    ['bus:publish', { type: 'VETO' }, '403 scope_insufficient'],
    ['bus:publish bus:veto', { type: 'VETO' }, '202'],
    ['bus:veto', { type: 'VETO' }, '403 scope_insufficient'],
    ['bus:publish', { to: '*', type: 'BROADCAST' }, '403 scope_insufficient'],
    ['bus:publish', { to: '*', type: 'REQUEST' }, '403 scope_insufficient'],
    ['bus:publish bus:broadcast', { to: '*', type: 'REQUEST' }, '202'],
    ['bus:publish bus:broadcast', { to: '*', type: 'VETO' }, '403 scope_insufficient'],
    ['bus:publish bus:broadcast bus:veto', { to: '*', type: 'VETO' }, '202'],
    ['bus:publish:team-a-*', { subject: 'team-a-news' }, '202'],
    ['bus:publish:team-a-*', { subject: 'team-b-news' }, '403 scope_insufficient'],
    ['bus:publish:team-a', { subject: 'team-a-news' }, '403 scope_insufficient'],
    [
      'bus:publish bus:veto:team-a-*',
      { type: 'VETO', subject: 'team-b' },
      '403 scope_insufficient',
    ],
    ['bus:publish bus:broadcast:team-a-*', { to: '*', subject: 'team-a-x' }, '202'],
    ['bus:publish bus:broadcast:team-a-*', { to: '*', subject: 'other' }, '403 scope_insufficient'],
  ])('%j for %j', async (scope, options, code) => {
    const scopeClaim = scope === '' ? { claims: { scope: undefined } } : {};
    const token_ = await mint('scoped', scope, scopeClaim);
    const answer = await send({ to: 'sink', ...options }, token_);
    expect(codeOf(answer)).toBe(code);
  });

  test('an agent without the scope is refused before its body is read', async () => {
    const answer = await post('not an envelope', await mint('scoped', 'bus:receive'));
    expect(codeOf(answer)).toBe('403 scope_insufficient');
    expect(answer.headers.get('www-authenticate')).toContain('scope="bus:publish"');
  });

  test('a delegate sends as its subject only with bus:represent', async () => {
    const delegate = (scope: string): Promise<string> =>
      mint('alice', scope, {
        claims: {
          act: { sub: 'bob' },
          client_id: 'bob',
          dlg: [{ iss: issuer, jti: 'p', scope, iat: Math.floor(Date.now() / 1000) - 1 }],
        },
      });
    const { id: to, token: reader } = await agent();
    const plain = await delegate('bus:publish');
    expect((await send({ to, from: 'bob' }, plain)).status).toBe(202);
    expect(codeOf(await send({ to, from: 'alice' }, plain))).toBe('403 scope_insufficient');
    expect(codeOf(await send({ to, from: 'carol' }, plain))).toBe('403 sender_mismatch');
    const representing = await delegate('bus:publish bus:represent');
    expect((await send({ to, from: 'alice' }, representing)).status).toBe(202);
    const messages = await receive(reader);
    expect(messages.map(({ sender, via }) => ({ sender, via }))).toEqual([
      { sender: 'bob', via: ['bob'] },
      { sender: 'bob', via: ['bob'] },
    ]);
  });
});

// Server-Timing: what a request waited for, told in development alone

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type RunningGateway } from '../support/gateway.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { call } from '../support/http.ts';
import { mintToken } from '../support/tokens.ts';

let development: RunningGateway;
let deployed: RunningGateway;
beforeAll(async () => {
  development = await startGateway({ variables: { ISSUER: 'http://127.0.0.1:8787' } });
  deployed = await startGateway();
});
afterAll(() => Promise.all([development.stop(), deployed.stop()]));

/** The stages that an answer names, each with a time. */
function stagesOf(header: string | null): readonly string[] {
  return (header ?? '').split(', ').map((entry) => {
    const [, stage = '', took = ''] = /^(\w+);dur=(\d+(?:\.\d+)?)$/.exec(entry) ?? [];
    expect({ entry, took: Number(took) >= 0 && took !== '' }).toEqual({ entry, took: true });
    return stage;
  });
}

test('in development each answer names the stages that its request was in', async () => {
  const { url, issuer, key } = development;
  const token = await mintToken(key, issuer, 'planner', 'bus:publish');
  const { text } = await makeEnvelope({ to: 'coder' });
  const sent = await call(`${url}/bus/messages`, { method: 'POST', token, body: text });
  expect(sent.status).toBe(202);
  expect(stagesOf(sent.headers.get('server-timing'))).toEqual([
    'view',
    'admission',
    'upstream',
    'total',
  ]);
  const refused = await call(`${url}/whoami`);
  expect(refused.status).toBe(401);
  expect(stagesOf(refused.headers.get('server-timing'))).toEqual(['total']);
});

test('elsewhere no answer says so, allowed or refused', async () => {
  const { url, issuer, key } = deployed;
  const token = await mintToken(key, issuer, 'planner', 'bus:publish');
  for (const answer of [await call(`${url}/whoami`, { token }), await call(`${url}/whoami`)]) {
    expect(answer.headers.get('server-timing')).toBeNull();
  }
});

// The audit log of the authority's own doings: an agent's new key, and what is told of tokens to whom

import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeJwt } from 'jose';
import { postForm, tokenForm } from '../support/authority.ts';
import { recordsOf, untilRecorded, type AuditRecord } from '../support/audit.ts';
import {
  mintBareProof,
  publicJwkOf,
  signIn,
  startOperated,
  type Caller,
  type Client,
  type OperatedGateway,
} from '../support/operator.ts';
import { makeKey } from '../support/tokens.ts';

let gateway: OperatedGateway;
let operator: Caller;

beforeAll(async () => {
  gateway = await startOperated();
  operator = await signIn(gateway.url, gateway.operator);
});
afterAll(() => gateway.stop());

async function register(id: string, scope: readonly string[] = []): Promise<Client> {
  const client = { id, key: await makeKey() };
  const body = { id, tier: 'fast', scope, jwk: publicJwkOf(client.key) };
  const answer = await operator.send('POST', '/admin/agents', body);
  if (answer.status !== 201) throw new Error(answer.text);
  return client;
}

async function recorded(wanted: AuditRecord): Promise<AuditRecord> {
  const isWanted = (record: AuditRecord): boolean =>
    Object.entries(wanted).every(([name, value]) => record[name] === value);
  const lines = await untilRecorded(operator, (records) => records.some(isWanted));
  return recordsOf(lines).find(isWanted) ?? {};
}

test('an agent that changes its key is named, with the thumbprint of the new one', async () => {
  const client = await register('changer');
  const agent = await signIn(gateway.url, client);
  const next = await makeKey();
  const proof = await mintBareProof(next, '/agents/self/key');
  const body = { jwk: publicJwkOf(next), proof };
  expect((await agent.send('POST', '/agents/self/key', body)).status).toBe(200);
  expect(await recorded({ action: 'agent:key', agent: 'changer' })).toMatchObject({
    decision: 'allow',
    route: '/agents/self/key',
    resource: next.kid,
    jkt: client.key.kid,
  });
});

test('who is told of a token is named with the token, and so is who is told nothing', async () => {
  const about = await register('worker', ['bus:receive']);
  const stranger = await register('stranger');
  const { token } = await signIn(gateway.url, about);
  const { jti } = decodeJwt(token);
  const ask = async ({ id, key }: Client): Promise<unknown> => {
    const form = { ...(await tokenForm(key, id)), token };
    return (await postForm(`${gateway.url}/introspect`, form)).body['active'];
  };
  expect(await ask(about)).toBe(true);
  expect(await recorded({ action: 'token:introspect', agent: 'worker' })).toMatchObject({
    decision: 'allow',
    resource: jti,
  });
  expect(await ask(stranger)).toBe(false);
  const told = await recorded({ action: 'token:introspect', agent: 'stranger' });
  expect(told['resource']).toBeUndefined();
  await ask({ id: 'worker', key: stranger.key });
  expect(await recorded({ action: 'token:introspect', decision: 'deny' })).toMatchObject({
    code: 'invalid_client',
  });
});

// Descendants die: whatever ends an ancestor of an exchanged token ends it too, in both isolates within a second

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  callBound,
  postForm,
  registerAgent,
  tokenForm,
  type JsonAnswer,
} from '../support/authority.ts';
import { exchanged, type Asker } from '../support/exchange.ts';
import { mintHop } from '../support/hops.ts';
import { asOperator, startRevocationWorld, type RevocationWorld } from '../support/revocation.ts';
import { mintEngineToken } from '../support/tokens.ts';

let world: RevocationWorld;
beforeAll(async () => {
  world = await startRevocationWorld();
});
afterAll(() => world.stop());

let made = 0;
const someone = async (policy: object = {}): Promise<Asker> => {
  const id = `agent-${++made}`;
  return { id, key: await registerAgent(world, id, policy) };
};

/** A token that an actor holds for a lead, two exchanges below the lead's own. */
interface Family {
  readonly lead: Asker;
  readonly actor: Asker;
  readonly root: string;
  readonly middle: string;
  readonly leaf: string;
}

async function family(): Promise<Family> {
  const lead = await someone();
  const actor = await someone({ may_act_for: [lead.id] });
  const form = await tokenForm(lead.key, lead.id, { may_act: actor.id });
  const root = String((await postForm(`${world.url}/token`, form)).body['access_token']);
  const middle = await exchanged(world.url, actor, root);
  return { lead, actor, root, middle, leaf: await exchanged(world.otherUrl, actor, middle) };
}

const ask = (url: string, token: string, { key }: Asker): Promise<JsonAnswer> =>
  callBound(url, '/whoami', key, token);

/** Makes a token warm in both isolates, does something, and fails unless both refuse it in a second. */
async function endsBy(token: string, holder: Asker, end: () => Promise<unknown>): Promise<void> {
  const urls = [world.url, world.otherUrl];
  for (const url of urls) expect((await ask(url, token, holder)).status).toBe(200);
  await end();
  for (const url of urls) {
    const code = async (): Promise<unknown> => (await ask(url, token, holder)).body['code'];
    await expect.poll(code, { timeout: 1000, interval: 20 }).toBe('token_revoked');
  }
}

async function revoke(body: object): Promise<void> {
  const answer = await asOperator(world, '/admin/revocations', { method: 'POST', body });
  expect(answer.status).toBe(201);
}

const sidOf = (token: string): unknown => decodeJwt(token)['sid'];

describe('an exchanged token ends with', () => {
  test.each<[string, (family: Family) => object]>([
    ['the root token', ({ root }) => ({ kind: 'token', value: decodeJwt(root).jti })],
    ['the token between', ({ middle }) => ({ kind: 'token', value: decodeJwt(middle).jti })],
    ['the root’s session', ({ root }) => ({ kind: 'session', value: sidOf(root) })],
    ['the session between', ({ middle }) => ({ kind: 'session', value: sidOf(middle) })],
    ['the agent acted for', ({ lead }) => ({ kind: 'agent', value: lead.id })],
    ['the actor', ({ actor }) => ({ kind: 'agent', value: actor.id })],
    [
      'everything of the agent acted for until now',
      ({ lead }) => ({ kind: 'before', agent: lead.id, value: Math.floor(Date.now() / 1000) }),
    ],
  ])('%s', async (_name, body) => {
    const all = await family();
    const other = await family();
    await endsBy(all.leaf, all.actor, () => revoke(body(all)));
    expect((await ask(world.url, other.leaf, other.actor)).status).toBe(200);
  });

  test('the key that its parent was bound to, which is not its own', async () => {
    const lead = await someone({ dlg_max: 1 });
    const actor = await someone();
    const root = await boundToken(world.url, lead.key, lead.id);
    const to = { to: actor.id, key: actor.key, scope: 'bus:publish' };
    const headers = { 'agent-delegation': await mintHop(root, lead.key, to) };
    const leaf = await exchanged(world.url, actor, root, {}, headers);
    await endsBy(leaf, actor, () => revoke({ kind: 'jkt', value: lead.key.kid }));
  });

  test('the key that signed its parent', async () => {
    const lead = await someone();
    const engine = await mintEngineToken(world.engine, lead.id, ['bus:publish']);
    const leaf = await exchanged(world.url, lead, engine);
    const issuer = 'yamtam-engine';
    await endsBy(leaf, lead, () => revoke({ kind: 'key', value: world.engine.kid, issuer }));
  });

  test('a PATCH that disables an agent of its chain', async () => {
    const { lead, actor, leaf } = await family();
    const path = `/admin/agents/${lead.id}`;
    await endsBy(leaf, actor, () =>
      asOperator(world, path, { method: 'PATCH', body: { disabled: true } }),
    );
  });
});

test('a leaf that is revoked leaves its ancestors as they are', async () => {
  const { actor, middle, leaf } = await family();
  await endsBy(leaf, actor, () => revoke({ kind: 'token', value: decodeJwt(leaf).jti }));
  expect((await ask(world.url, middle, actor)).status).toBe(200);
});

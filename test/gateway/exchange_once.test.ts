// Token exchange happens once: one assertion, one proof, in two isolates at the same time

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  mintAssertion,
  mintTokenProof,
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
  type RunningAuthority,
} from '../support/authority.ts';
import { errorOf, exchangeForm, type Asker } from '../support/exchange.ts';
import { publicUrl } from '../support/gateway.ts';
import { call } from '../support/http.ts';
import { mintProof } from '../support/tokens.ts';

let world: RunningAuthority;
let lead: Asker;
let clerk: Asker;

beforeAll(async () => {
  world = await startAuthority();
  lead = { id: 'lead', key: await registerAgent(world, 'lead') };
  clerk = { id: 'clerk', key: await registerAgent(world, 'clerk', { may_act_for: ['lead'] }) };
});
afterAll(() => world.stop());

const leadToken = (): Promise<string> => boundToken(world.url, lead.key, 'lead');

async function actAsLead(): Promise<string> {
  const form = await tokenForm(lead.key, 'lead', { may_act: 'clerk' });
  return String((await postForm(`${world.url}/token`, form)).body['access_token']);
}

describe('happens once', () => {
  const tally = (outcomes: readonly string[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  };
  const either = (at: number): string => (at % 2 === 0 ? world.url : world.otherUrl);

  test('of 50 exchanges with one assertion in two isolates one is granted', async () => {
    const form = await exchangeForm(clerk, await actAsLead());
    const proofs = await Promise.all(Array.from({ length: 50 }, () => mintTokenProof(clerk.key)));
    const answers = await Promise.all(
      proofs.map((dpop, at) => postForm(`${either(at)}/token`, form, { dpop })),
    );
    expect(tally(answers.map(errorOf))).toEqual({ '200': 1, '401 invalid_client': 49 });
  });

  test('of 50 exchanges with one proof one is granted', async () => {
    const subject = await leadToken();
    const dpop = await mintTokenProof(lead.key);
    const forms = await Promise.all(Array.from({ length: 50 }, () => exchangeForm(lead, subject)));
    const answers = await Promise.all(
      forms.map((form, at) => postForm(`${either(at)}/token`, form, { dpop })),
    );
    expect(tally(answers.map(errorOf))).toEqual({ '200': 1, '400 invalid_dpop_proof': 49 });
  });

  test('a refused exchange uses nothing up', async () => {
    const form = await exchangeForm(clerk, await actAsLead());
    const dpop = await mintTokenProof(clerk.key);
    const url = `${world.url}/token`;
    expect(errorOf(await postForm(url, { ...form, scope: 'admin:read' }, { dpop }))).toBe(
      '400 invalid_scope',
    );
    expect(errorOf(await postForm(url, form, { dpop }))).toBe('200');
    expect(errorOf(await postForm(url, form, { dpop: await mintTokenProof(clerk.key) }))).toBe(
      '401 invalid_client',
    );
  });

  test('a wrong assertion is refused before the token is looked at', async () => {
    const form = await exchangeForm(clerk, 'garbage', {
      client_assertion: await mintAssertion(lead.key, 'clerk'),
    });
    expect(errorOf(await postForm(`${world.url}/token`, form))).toBe('401 invalid_client');
  });
});

test('metadata names the grant', async () => {
  const { text } = await call(`${world.url}/.well-known/oauth-authorization-server`);
  expect(JSON.parse(text)).toMatchObject({
    grant_types_supported: [
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ],
  });
});

test('a proof made for a route is none for an exchange', async () => {
  const subject = await leadToken();
  const dpop = await mintProof(lead.key, 'POST', `${publicUrl}/bus/messages`, subject);
  const form = await exchangeForm(lead, subject);
  expect(errorOf(await postForm(`${world.url}/token`, form, { dpop }))).toBe(
    '400 invalid_dpop_proof',
  );
});

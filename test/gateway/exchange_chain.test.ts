// Token exchange with an off-line hop: the client that the hop names, with the key that it names, and nobody else

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  callBound,
  registerAgent,
  startAuthority,
  type RunningAuthority,
} from '../support/authority.ts';
import { errorOf, exchange, exchanged, type Asker } from '../support/exchange.ts';
import { callWithChain, chainCode, delegate, mintHop, type Chain } from '../support/hops.ts';
import { makeKey } from '../support/tokens.ts';

let world: RunningAuthority;
let planner: Asker;
let researcher: Asker;
let scraper: Asker;
const everything = ['bus:publish', 'bus:receive', 'tool:exec'];

beforeAll(async () => {
  world = await startAuthority();
  const someone = async (id: string, policy: object): Promise<Asker> => ({
    id,
    key: await registerAgent(world, id, { scope: everything, ...policy }),
  });
  planner = await someone('planner', { tier: 'power', dlg_max: 3 });
  researcher = await someone('researcher', {
    scope: ['bus:publish:news', 'tool:exec'],
    dlg_max: 2,
  });
  scraper = await someone('scraper', { dlg_max: 3 });
});
afterAll(() => world.stop());

const rootOf = async (): Promise<string> => boundToken(world.url, planner.key, 'planner');

const toResearcher = (root: string, scope = 'bus:publish tool:exec'): Promise<string> =>
  mintHop(root, planner.key, { to: 'researcher', key: researcher.key, scope });

describe('a bound token with a hop', () => {
  test('is exchanged by the client that the hop names, and narrowed by all three', async () => {
    const root = await rootOf();
    const hop = await toResearcher(root);
    const token = await exchanged(world.url, researcher, root, {}, { 'agent-delegation': hop });
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({
      sub: 'planner',
      client_id: 'researcher',
      act: { sub: 'researcher' },
      cnf: { jkt: researcher.key.kid },
      scope: 'tool:exec bus:publish:news',
      tier: 'fast',
      dlg_max: 2,
    });
    const { jti, sid } = decodeJwt(root);
    expect(claims['dlg']).toMatchObject([{ jti, sid, jkt: planner.key.kid, tier: 'power' }]);
    expect(claims.exp).toBeLessThanOrEqual(decodeJwt(hop).exp ?? 0);
    const { body } = await callBound(world.otherUrl, '/whoami', researcher.key, token);
    expect(body).toMatchObject({ agent_id: 'researcher', subject_id: 'planner' });
  });

  test('lets its result be delegated on, off line and by exchange, to three hops', async () => {
    const root = await rootOf();
    const first = { 'agent-delegation': await toResearcher(root) };
    const token = await exchanged(world.url, researcher, root, {}, first);
    const hopOptions = { to: 'scraper', key: scraper.key, scope: 'tool:exec' };
    const chain = await delegate({ token, hops: [], key: researcher.key }, hopOptions);
    const { body } = await callWithChain(world.url, '/whoami', chain);
    expect(body).toMatchObject({ agent_id: 'scraper', subject_id: 'planner' });
    const second = { 'agent-delegation': chain.hops.join(',') };
    const leaf = await exchanged(world.url, scraper, token, {}, second);
    expect(decodeJwt(leaf)['act']).toEqual({ sub: 'scraper', act: { sub: 'researcher' } });
    const third: Chain = await delegate({ token: leaf, hops: [], key: scraper.key }, hopOptions);
    expect(chainCode(await callWithChain(world.url, '/whoami', third))).toBe('200');
    const fourth = await delegate(third, hopOptions);
    expect(chainCode(await callWithChain(world.url, '/whoami', fourth))).toBe(
      '401 delegation_too_deep',
    );
  });

  test('is refused to everybody else, and with every other key', async () => {
    const root = await rootOf();
    const hop = await toResearcher(root);
    const foreign = await mintHop(root, await makeKey(), {
      to: 'researcher',
      key: researcher.key,
      scope: 'tool:exec',
    });
    const other = await makeKey();
    const rows: readonly (readonly [string, Asker, string])[] = [
      ['another client', scraper, hop],
      ['another client with the key of the one', { ...scraper, proofKey: researcher.key }, hop],
      ['the delegator', planner, hop],
      ['another key', { ...researcher, proofKey: other }, hop],
      ['the delegator’s key', { ...researcher, proofKey: planner.key }, hop],
      ['no proof', { ...researcher, proofKey: null }, hop],
      ['a hop by a key that the token is not bound to', researcher, foreign],
      ['a hop below another token', researcher, await toResearcher(await rootOf())],
      ['no hop', researcher, ''],
      ['garbage', researcher, 'garbage'],
      ['the hop twice', researcher, `${hop},${hop}`],
    ];
    for (const [name, asker, value] of rows) {
      const headers: Record<string, string> = value === '' ? {} : { 'agent-delegation': value };
      const answer = await exchange(world.url, asker, root, {}, headers);
      expect([name, errorOf(answer)]).toEqual([name, '400 invalid_request']);
    }
  });

  test('asks for no more than the hop gives', async () => {
    const root = await rootOf();
    const headers = { 'agent-delegation': await toResearcher(root, 'tool:exec') };
    const asked = { scope: 'bus:publish:news' };
    expect(errorOf(await exchange(world.url, researcher, root, asked, headers))).toBe(
      '400 invalid_scope',
    );
    const token = await exchanged(world.url, researcher, root, {}, headers);
    expect(decodeJwt(token)['scope']).toBe('tool:exec');
  });

  test('does not take the word of agents between', async () => {
    const root = await rootOf();
    const start = { token: root, hops: [], key: planner.key };
    const scope = 'tool:exec';
    const middle = await delegate(start, { to: 'researcher', key: researcher.key, scope });
    const made = await delegate(middle, { to: 'scraper', key: scraper.key, scope });
    const headers = { 'agent-delegation': made.hops.join(',') };
    expect(errorOf(await exchange(world.url, scraper, root, {}, headers))).toBe(
      '400 invalid_request',
    );
  });
});

// Off-line delegation: what good chains say, whom they act for, and how revocation reaches every link

import {
  createDpopProof,
  createIssuer,
  createVerifier,
  delegateAgentToken,
  localKeys,
  memoryRevocations,
  TokenError,
  type TokenIdentity,
  type VerifiedAgent,
} from '../../../src/index.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { actOf } from '../support/chains.ts';
import { chainOf, holderKey, holders, hopGrants, presented } from '../support/hops.ts';
import { request } from '../support/proofs.ts';
import { clock, keyOf, movableClock, now, world, type WorldOptions } from '../support/world.ts';

const good = async (length: number, options: WorldOptions = {}): Promise<VerifiedAgent> => {
  const chain = await chainOf(length);
  const verifier = await (await world()).verifierWith(options);
  return verifier.verifyAgentToken(chain.token, await presented(chain));
};

const everybody = { authenticateActor: () => true };

/** Revocations that each end a chain of three hops, whatever link they name. */
async function fatal(): Promise<readonly (readonly [kind: string, value: string | number])[]> {
  const { claims, key } = await world();
  const keys = await Promise.all([0, 1, 2, 3].map(holderKey));
  return [
    ['token', String(claims['jti'])],
    ['session', 'run-1'],
    ['key', key.kid],
    ...holders.slice(0, 4).map((name) => ['agent', name] as const),
    ...keys.map(({ kid }) => ['jkt', kid] as const),
    ...keys.slice(0, 3).map(({ kid }) => ['key', kid] as const),
    ...keys.slice(0, 3).map(({ kid }, at) => ['token', `${kid}:hop-${at + 1}`] as const),
  ];
}

export const cases: readonly ContractCase[] = [
  ...[1, 2, 3].map((length): ContractCase => ({
    name: `verifyAgentToken() accepts ${length} off-line hops, which act for the root alone`,
    run: async () => {
      const agent = await good(length);
      equal(agent.agentId, 'planner', 'agentId');
      equal(agent.subjectId, 'planner', 'subjectId');
      const grant = hopGrants[length];
      deepEqual(agent.scope, [grant?.['scope']], 'scope');
      deepEqual(agent.audience, [grant?.['aud']].flat(), 'audience');
      equal(agent.expiresAt, grant?.['exp'], 'expiresAt');
      equal(agent.tier, length === 1 ? 'power' : 'fast', 'tier');
      equal(agent.jkt, (await holderKey(length)).kid, 'jkt');
      const actors = holders.slice(1, length + 1).toReversed();
      deepEqual(
        agent.actors.map(({ agentId, authenticated }) => ({ agentId, authenticated })),
        actors.map((agentId) => ({ agentId, authenticated: false })),
        'actors',
      );
    },
  })),
  {
    name: 'verifyAgentToken() takes an authenticated last delegate for the presenter',
    run: async () => {
      const asked: unknown[] = [];
      const authenticateActor = async (agentId: string, jkt: string) => {
        asked.push([agentId, jkt]);
        return agentId !== 'scraper';
      };
      const agent = await good(3, { authenticateActor });
      equal(agent.agentId, 'printer', 'agentId');
      equal(agent.subjectId, 'planner', 'subjectId');
      const keys = await Promise.all([1, 2, 3].map(holderKey));
      deepEqual(
        asked,
        holders.slice(1, 4).map((name, at) => [name, keys[at]?.kid]),
        'asked',
      );
      deepEqual(
        agent.actors.map(({ authenticated }) => authenticated),
        [true, false, true],
        'authenticated, newest first',
      );
    },
  },
  {
    name: 'verifyAgentToken() lets a hop that names another agent act for the root alone',
    run: async () => {
      const registered = (await holderKey(4)).kid;
      const chain = await chainOf(1, { 1: { claims: { sub: 'sorter' } } });
      const verifier = await (
        await world()
      ).verifierWith({ authenticateActor: (id, jkt) => id === 'sorter' && jkt === registered });
      const agent = await verifier.verifyAgentToken(chain.token, await presented(chain));
      equal(agent.agentId, 'planner', 'agentId');
      equal(agent.actors[0]?.authenticated, false, 'authenticated');
    },
  },
  ...[1, 'true', {}, undefined].map((answer): ContractCase => ({
    name: `verifyAgentToken() takes ${JSON.stringify(answer)} of authenticateActor for a no`,
    run: async () => {
      const hook = { authenticateActor: () => answer as boolean };
      equal((await good(1, hook)).agentId, 'planner', 'agentId');
    },
  })),
  {
    name: 'verifyAgentToken() refuses when authenticateActor fails',
    run: async () => {
      const throwing = (error: Error): WorldOptions => ({
        authenticateActor: () => {
          throw error;
        },
      });
      await rejectsWithCode(good(1, throwing(new Error('down'))), 'key_unavailable');
      const own = throwing(new TokenError('rate_limited'));
      await rejectsWithCode(good(1, own), 'rate_limited');
    },
  },
  {
    name: 'verifyAgentToken() asks who a delegate is each time, also for a remembered chain',
    run: async () => {
      let registered = true;
      const chain = await chainOf(2);
      const verifier = await (
        await world()
      ).verifierWith({ authenticateActor: () => registered, replay: null });
      const ask = async () =>
        (await verifier.verifyAgentToken(chain.token, await presented(chain))).agentId;
      equal(await ask(), 'scraper', 'agentId');
      registered = false;
      equal(await ask(), 'planner', 'agentId');
    },
  },
  {
    name: 'verifyAgentToken() puts off-line hops after the actors of an exchanged root',
    run: async () => {
      const claims = {
        sub: 'boss',
        client_id: 'planner',
        act: actOf(['planner']),
        dlg: [{ jti: 'root' }],
      };
      const chain = await chainOf(2, { 0: { claims } });
      const verifier = await (await world()).verifierWith(everybody);
      const agent = await verifier.verifyAgentToken(chain.token, await presented(chain));
      equal(agent.agentId, 'scraper', 'agentId');
      equal(agent.subjectId, 'boss', 'subjectId');
      const ids = agent.actors.map(({ agentId }) => agentId);
      deepEqual(ids, ['scraper', 'researcher', 'planner'], 'actors');
      const alone = await (
        await world()
      ).verifier.verifyAgentToken(chain.token, {
        ...(await presented(chain)),
      });
      equal(alone.agentId, 'planner', 'agentId of the root alone');
    },
  },
  {
    name: 'verifyAgentToken() accepts spaces around the commas of a chain',
    run: async () => {
      const chain = await chainOf(3);
      const options = { ...(await presented(chain)), delegation: chain.hops.join(' ,\t ') };
      const { verifier } = await world();
      equal((await verifier.verifyAgentToken(chain.token, options)).tier, 'fast', 'tier');
    },
  },
  {
    name: 'verifyAgentToken() lets revocation reach root and hops, each by its own names',
    run: async () => {
      const asked: TokenIdentity[] = [];
      const isRevoked = (chain: readonly TokenIdentity[]) => {
        asked.push(...chain);
        return false;
      };
      const agent = await good(2, { revocation: { isRevoked } });
      deepEqual(agent.identities, asked, 'identities');
      const [planner, researcher, scraper] = await Promise.all([0, 1, 2].map(holderKey));
      deepEqual(
        asked.slice(1),
        [
          {
            issuer: 'yamtam-engine',
            tokenId: `${planner?.kid}:hop-1`,
            agentIds: ['researcher'],
            keyThumbprint: planner?.kid,
            jkt: researcher?.kid,
            issuedAt: now - 30,
            expiresAt: now + 600,
          },
          {
            issuer: 'yamtam-engine',
            tokenId: `${researcher?.kid}:hop-2`,
            agentIds: ['scraper'],
            keyThumbprint: researcher?.kid,
            jkt: scraper?.kid,
            issuedAt: now - 30,
            expiresAt: now + 500,
          },
        ],
        'hops',
      );
    },
  },
  {
    name: 'verifyAgentToken() rejects a chain when any link is revoked by any of its names',
    run: async () => {
      const chain = await chainOf(3);
      const { verifierWith } = await world();
      for (const [kind, value] of await fatal()) {
        const revocation = memoryRevocations();
        const verifier = await verifierWith({ revocation, replay: null });
        const options = await presented(chain);
        await verifier.verifyAgentToken(chain.token, options);
        revocation.revoke({ kind: kind as 'token', value });
        await rejectsWithCode(verifier.verifyAgentToken(chain.token, options), 'token_revoked');
      }
    },
  },
  {
    name: 'verifyAgentToken() ends a remembered chain with its last hop',
    run: async () => {
      const time = movableClock();
      const chain = await chainOf(2);
      const verifier = await (await world()).verifierWith({ clock: time.read });
      const options = { delegation: chain.hops.join(), proof: null };
      await verifier.verifyAgentToken(chain.token, options);
      time.set(now + 504);
      await verifier.verifyAgentToken(chain.token, options);
      time.set(now + 505);
      await rejectsWithCode(verifier.verifyAgentToken(chain.token, options), 'token_expired');
      await verifier.verifyAgentToken(chain.token, { proof: null });
    },
  },
  {
    name: 'verifyAgentToken() never takes a remembered chain for another one, nor for its root',
    run: async () => {
      const { verifierWith } = await world();
      const verifier = await verifierWith({});
      const { token, hops } = await chainOf(3);
      const scopes: string[] = [];
      for (let round = 0; round < 2; round++) {
        for (const count of [0, 3, 1, 2]) {
          const delegation = count === 0 ? undefined : hops.slice(0, count).join();
          const agent = await verifier.verifyAgentToken(token, { delegation, proof: null });
          scopes.push(agent.scope.join(' '));
        }
      }
      deepEqual(
        scopes.slice(0, 4),
        [0, 3, 1, 2].map((at) => hopGrants[at]?.['scope']),
        'scopes',
      );
      deepEqual(scopes.slice(4), scopes.slice(0, 4), 'scopes the second time');
      const [first = ''] = hops;
      const whole = `${token.length}:${token}${first}`;
      for (const other of [`${token},${first}`, `${token}${first}`, whole]) {
        const result = await verifier.checkAgentToken(other, { proof: null });
        equal(result.ok, false, 'a chain as a token');
      }
    },
  },
  {
    name: 'delegateAgentToken() makes chains that verify, by ES256 and Ed25519 keys',
    run: async () => {
      const authority = await keyOf('ES256', 'trusted');
      const planner = await keyOf('Ed25519', 'planner');
      const [researcher, scraper] = await Promise.all([1, 2].map(holderKey));
      if (researcher === undefined || scraper === undefined) throw new Error('No keys');
      const token = await createIssuer({ key: authority, clock }).issueAgentToken({
        sub: 'planner',
        tier: 'power',
        scope: ['bus:publish', 'bus:receive'],
        cnf: { jkt: planner.kid },
        dlgMax: 2,
      });
      const first = await delegateAgentToken({
        token,
        key: planner,
        to: 'researcher',
        cnf: { jkt: researcher.kid },
        scope: ['bus:publish:team-*', 'bus:receive'],
        lifetime: 3600,
        clock,
      });
      const second = await delegateAgentToken({
        token,
        delegation: first,
        key: researcher,
        to: 'scraper',
        cnf: { jkt: scraper.kid },
        scope: 'bus:publish:team-a',
        tier: 'fast',
        audience: 'swarm-bus',
        lifetime: 60,
        clock,
      });
      equal(Math.max(first.length, second.length) <= 1536, true, 'size');
      const verifier = createVerifier({ keys: await localKeys(authority.publicJwk), clock });
      const proof = await createDpopProof({ key: scraper, ...request, token, clock });
      const delegation = [first, second].join(',');
      const agent = await verifier.verifyAgentToken(token, { ...request, proof, delegation });
      deepEqual(agent.scope, ['bus:publish:team-a'], 'scope');
      equal(agent.tier, 'fast', 'tier');
      equal(agent.expiresAt, now + 60, 'expiresAt');
      const middle = await verifier.verifyAgentToken(token, { delegation: first, proof: null });
      equal(middle.expiresAt, now + 900, 'expiresAt never beyond the root');
    },
  },
];

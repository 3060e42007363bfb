// Exchanged delegation (`act`, `dlg`): what good chains say, and how revocation reaches their ancestors

import type { TokenIdentity, VerifiedAgent } from '../../../src/index.ts';
import { deepEqual, equal, type ContractCase } from '../case.ts';
import { chainClaims, grants, joined, withAncestor } from '../support/chains.ts';
import type { Json } from '../support/forge.ts';
import { now, world } from '../support/world.ts';

const good = async (hops: number, own: Json = {}): Promise<VerifiedAgent> => {
  const from = await world();
  const token = await from.signed(from.header, chainClaims(from, hops, own));
  return from.verifier.verifyAgentToken(token);
};

export const cases: readonly ContractCase[] = [
  ...[1, 2, 3].map((hops): ContractCase => ({
    name: `verifyAgentToken() accepts a chain of ${hops} hop${hops === 1 ? '' : 's'}`,
    run: async () => {
      const agent = await good(hops);
      const newestFirst = joined.slice(0, hops).toReversed();
      equal(agent.agentId, newestFirst[0], 'agentId');
      equal(agent.subjectId, 'planner', 'subjectId');
      deepEqual(
        agent.actors,
        newestFirst.map((agentId) => ({ agentId, authenticated: true })),
        'actors',
      );
      deepEqual(agent.scope, String(grants[hops]?.['scope']).split(' '), 'scope');
    },
  })),
  {
    name: 'verifyAgentToken() reads from the token what an ancestor leaves out',
    run: async () => {
      const own = { dlg: [{ jti: 'root' }] };
      equal((await good(1, own)).agentId, 'worker', 'agentId');
    },
  },
  {
    name: 'verifyAgentToken() accepts a delegated token over the limit for others',
    run: async () => equal((await good(3, { pad: 'x'.repeat(1500) })).agentId, 'tool', 'agentId'),
  },
  {
    name: 'verifyAgentToken() lets revocation reach every ancestor, with the agents of its time',
    run: async () => {
      const from = await world();
      const asked: TokenIdentity[][] = [];
      const revocation = {
        isRevoked: (chain: readonly TokenIdentity[]) => {
          asked.push([...chain]);
          return false;
        },
      };
      const verifier = await from.verifierWith({ revocation });
      const claims = withAncestor(chainClaims(from, 2), 0, {
        kid: 'old key',
        sid: 'run-0',
        iss: 'x',
      });
      await verifier.verifyAgentToken(await from.signed(from.header, claims));
      const kid = from.key.kid;
      const common = { issuer: 'yamtam-engine', sessionId: 'run-1', keyThumbprint: kid };
      const root = { issuer: 'x', sessionId: 'run-0', keyThumbprint: 'old key' };
      const iat = now - 60;
      deepEqual(
        asked,
        [
          [
            {
              ...common,
              tokenId: claims['jti'],
              agentIds: ['planner', 'helper', 'worker'],
              issuedAt: iat,
              expiresAt: now + 700,
            },
            {
              ...root,
              tokenId: 'link-0',
              agentIds: ['planner'],
              issuedAt: iat,
              expiresAt: now + 900,
            },
            {
              ...common,
              tokenId: 'link-1',
              agentIds: ['planner', 'worker'],
              issuedAt: iat,
              expiresAt: now + 800,
            },
          ],
        ],
        'identities',
      );
    },
  },
  ...[0, 1].map((at): ContractCase => ({
    name: `verifyAgentToken() rejects a descendant when ancestor ${at} is revoked`,
    run: async () => {
      const from = await world();
      const isRevoked = (chain: readonly TokenIdentity[]): boolean =>
        chain.some(({ tokenId }) => tokenId === `link-${at}`);
      const verifier = await from.verifierWith({ revocation: { isRevoked } });
      const token = await from.signed(from.header, chainClaims(from, 2));
      const result = await verifier.checkAgentToken(token);
      equal(!result.ok && result.error.code, 'token_revoked', 'code');
    },
  })),
];

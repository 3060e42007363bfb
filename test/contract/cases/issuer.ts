// createIssuer and issueAgentToken: what a token says, and what is never issued

import {
  createIssuer,
  createVerifier,
  decodeUnverified,
  localKeys,
  type AgentTokenRequest,
  type Issuer,
  type IssuerOptions,
} from '../../../src/index.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';

import { clock, keyOf, now } from '../support/world.ts';

const good: AgentTokenRequest = { sub: 'planner', tier: 'fast', scope: ['bus:publish'] };

const issuerWith = async (options: Partial<IssuerOptions> = {}): Promise<Issuer> =>
  createIssuer({ key: await keyOf('ES256', 'trusted'), clock, ...options });

const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const uri = 'https://issuer.example/status/1';

export const cases: readonly ContractCase[] = [
  {
    name: 'issueAgentToken() says everything that a verifier asks for',
    run: async () => {
      const key = await keyOf('ES256', 'trusted');
      const issuer = await issuerWith();
      const token = await issuer.issueAgentToken({
        ...good,
        sid: 'run-1',
        cnf: { jkt },
        sealed: 'eyJ9..AAAA.BBBB.CCCC',
        status: { status_list: { idx: 0, uri } },
        claims: { team: 'a', nested: { list: [1, null, 'é'] } },
      });
      const { header, claims } = decodeUnverified(token);
      deepEqual(header, { alg: 'ES256', typ: 'at+jwt', kid: key.kid }, 'header');
      const { jti, ...rest } = claims;
      equal(typeof jti === 'string' && jti.length === 36, true, 'jti');
      deepEqual(
        rest,
        {
          iss: 'yamtam-engine',
          aud: 'swarm-bus',
          sub: 'planner',
          client_id: 'planner',
          iat: now,
          exp: now + 900,
          sid: 'run-1',
          tier: 'fast',
          scope: 'bus:publish',
          cnf: { jkt },
          sealed: 'eyJ9..AAAA.BBBB.CCCC',
          status: { status_list: { idx: 0, uri } },
          team: 'a',
          nested: { list: [1, null, 'é'] },
        },
        'claims',
      );
      const verifier = createVerifier({ keys: await localKeys(key.publicJwk), clock });
      const agent = await verifier.verifyAgentToken(token, { proof: null });
      equal(agent.agentId, 'planner', 'agentId');
    },
  },
  {
    name: 'issueAgentToken() makes tokens that verify, for every form of scope, lifetime and audience',
    run: async () => {
      const key = await keyOf('ES256', 'trusted');
      const keys = await localKeys(key.publicJwk);
      for (const scopeFormat of ['string', 'array'] as const) {
        const issuer = await issuerWith({
          scopeFormat,
          issuer: 'a',
          audience: ['b', 'c'],
          lifetime: 60,
        });
        const verifier = createVerifier({ keys, clock, issuer: 'a', audience: 'c' });
        for (const scope of [[], '', 'a:b', 'a:b c:d:e*', ['a:b', 'c:d:*']]) {
          const token = await issuer.issueAgentToken({ ...good, scope });
          const agent = await verifier.verifyAgentToken(token);
          const members = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : scope;
          deepEqual(agent.scope, members, 'scope');
          equal(agent.expiresAt, now + 60, 'expiresAt');
        }
        const longest = await issuer.issueAgentToken({ ...good, lifetime: 3600 });
        equal((await verifier.verifyAgentToken(longest)).expiresAt, now + 3600, 'expiresAt');
      }
    },
  },
  {
    name: 'issueAgentToken() never repeats a jti',
    run: async () => {
      const issuer = await issuerWith();
      const tokens = await Promise.all(
        Array.from({ length: 200 }, () => issuer.issueAgentToken(good)),
      );
      const ids = tokens.map((token) => decodeUnverified(token).claims['jti']);
      equal(new Set(ids).size, 200, 'different ids');
    },
  },
  {
    name: 'issueAgentToken() refuses a token over its size, and issues one of exactly that size',
    run: async () => {
      const wide = await issuerWith();
      await rejectsWithCode(
        wide.issueAgentToken({ ...good, claims: { pad: 'x'.repeat(1500) } }),
        'token_too_large',
      );
      const { length } = await wide.issueAgentToken(good);
      const exact = await issuerWith({ maxTokenBytes: length });
      equal((await exact.issueAgentToken(good)).length, length, 'length');
      const tight = await issuerWith({ maxTokenBytes: length - 1 });
      await rejectsWithCode(tight.issueAgentToken(good), 'token_too_large');
    },
  },
  {
    name: 'issueAgentToken() takes its request as it was when it was called',
    run: async () => {
      const issuer = await issuerWith();
      const scope = ['bus:publish'];
      const claims = { team: 'a' };
      const pending = issuer.issueAgentToken({ ...good, scope, claims });
      scope[0] = 'admin:write';
      claims.team = 'b';
      const issued = decodeUnverified(await pending).claims;
      equal(issued['scope'], 'bus:publish', 'scope');
      equal(issued['team'], 'a', 'team');
    },
  },
  {
    name: 'issueAgentToken() allows names that only resemble those of secrets',
    run: async () => {
      const issuer = await issuerWith();
      const claims = {
        tokens_used: 5,
        pinned: true,
        jwt_count: 1,
        spin: 2,
        bearers: 3,
        keyring: 1,
      };
      const token = await issuer.issueAgentToken({ ...good, claims });
      equal(decodeUnverified(token).claims['tokens_used'], 5, 'tokens_used');
    },
  },
];

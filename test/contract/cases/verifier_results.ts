// What a verifier answers: frozen, branded, complete; and several issuers side by side

import {
  authorize,
  createVerifier,
  isAuthorizedCall,
  isVerifiedAgent,
  localKeys,
  requireTier,
  type AuthorizedCall,
  type RevocationSource,
  type VerifiedAgent,
} from '../../../src/index.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { change, sign } from '../support/forge.ts';
import { refused, throwsTypeError } from '../support/mutations.ts';
import { clock, keyOf, now, world } from '../support/world.ts';

/** Every object inside a value, itself first. */
function* objectsIn(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return;
  yield value;
  for (const member of Object.values(value)) yield* objectsIn(member);
}

const goodAgent = async (): Promise<VerifiedAgent> => {
  const { token, verifier } = await world();
  return verifier.verifyAgentToken(token);
};

/** Objects that look like what a verifier makes. */
function lookAlikes(agent: VerifiedAgent): readonly unknown[] {
  return [
    { ...agent },
    Object.freeze({ ...agent }),
    structuredClone(agent),
    Object.create(agent),
    new Proxy(agent, {}),
    JSON.parse(JSON.stringify(agent)),
    { agentId: 'planner', scope: ['bus:publish'], tiers: ['fast'], tier: 'fast' },
    {},
    null,
    undefined,
    'planner',
    [agent],
  ];
}

/** The codes that `authorize` throws; `undefined`: it authorized. */
function codeOf(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return Reflect.get(Object(error), 'code');
  }
}

export const cases: readonly ContractCase[] = [
  {
    name: 'verifyAgentToken() answers with every member of an agent',
    run: async () => {
      const { key, claims } = await world();
      const agent = await goodAgent();
      deepEqual(
        { ...agent },
        {
          agentId: 'planner',
          subjectId: 'planner',
          tier: 'fast',
          tiers: ['fast', 'power'],
          scope: ['bus:publish', 'bus:receive'],
          audience: ['swarm-bus'],
          issuer: 'yamtam-engine',
          tokenId: claims['jti'],
          sessionId: 'run-1',
          issuedAt: now - 60,
          expiresAt: now + 840,
          actors: [],
          keyThumbprint: key.kid,
          claims,
          identities: [
            {
              issuer: 'yamtam-engine',
              tokenId: claims['jti'],
              sessionId: 'run-1',
              agentIds: ['planner'],
              keyThumbprint: key.kid,
              issuedAt: now - 60,
              expiresAt: now + 840,
            },
          ],
        },
        'agent',
      );
      equal(Object.hasOwn(agent, 'jkt') && agent.jkt !== undefined, false, 'jkt');
    },
  },
  {
    name: 'verifyAgentToken() answers with what nobody can change',
    run: async () => {
      const { withClaims, verifier } = await world();
      const token = await withClaims({
        x: { y: [{ z: {} }, []] },
        aud: ['swarm-bus'],
        scope: ['bus:publish'],
      });
      const agent = await verifier.verifyAgentToken(token);
      for (const object of objectsIn(agent)) equal(Object.isFrozen(object), true, 'frozen');
      equal(Reflect.set(agent, 'agentId', 'admin'), false, 'set agentId');
      equal(Reflect.set(agent.scope, '0', 'admin:write'), false, 'set scope');
      equal(Reflect.set(agent.claims, 'sub', 'admin'), false, 'set sub');
      const again = await verifier.verifyAgentToken(token);
      equal(again.agentId, 'planner', 'agentId from the cache');
      deepEqual(again.scope, ['bus:publish'], 'scope from the cache');
      equal(again.claims.sub, 'planner', 'sub from the cache');
    },
  },
  {
    name: 'checkAgentToken() answers with a value where verifyAgentToken() throws',
    run: async () => {
      const { token, verifier } = await world();
      const good = await verifier.checkAgentToken(token);
      equal(good.ok && good.value.agentId, 'planner', 'agentId');
      const bad = await verifier.checkAgentToken('x');
      equal(!bad.ok && bad.error.code, 'token_malformed', 'code');
      await rejectsWithCode(verifier.verifyAgentToken('x'), 'token_malformed');
    },
  },
  {
    name: 'createVerifier() answers with an object that nobody can change',
    run: async () => equal(Object.isFrozen((await world()).verifier), true, 'frozen'),
  },
  {
    name: 'isVerifiedAgent(), authorize() and requireTier() take no look-alike of an agent',
    run: async () => {
      const agent = await goodAgent();
      equal(isVerifiedAgent(agent), true, 'the agent itself');
      for (const other of lookAlikes(agent)) {
        equal(isVerifiedAgent(other), false, 'look-alike');
        throwsTypeError(() => authorize(other as VerifiedAgent, 'bus:publish'), '"agent"');
        throwsTypeError(() => requireTier(other as VerifiedAgent, 'fast'), '"agent"');
      }
    },
  },
  {
    name: 'isAuthorizedCall() takes no look-alike of a call',
    run: async () => {
      const call: AuthorizedCall = authorize(await goodAgent(), 'bus:publish');
      equal(isAuthorizedCall(call), true, 'the call itself');
      for (const object of objectsIn(call)) equal(Object.isFrozen(object), true, 'frozen');
      const heir: unknown = Object.create(call);
      const others = [{ ...call }, structuredClone(call), heir, new Proxy(call, {})];
      for (const other of [...others, call.agent, {}, null, undefined]) {
        equal(isAuthorizedCall(other), false, 'look-alike');
      }
    },
  },
  {
    name: 'authorize() grants what a scope covers, and nothing else',
    run: async () => {
      const agent = await goodAgent();
      const call = authorize(agent, ['bus:publish:news', 'bus:receive']);
      equal(call.agent, agent, 'agent');
      deepEqual(call.required, ['bus:publish:news', 'bus:receive'], 'required');
      equal(authorize(agent, []).required.length, 0, 'nothing required');
      for (const required of ['bus:veto', 'bus:publishing', 'admin:write', 'bus:broadcast:x']) {
        equal(
          codeOf(() => authorize(agent, required)),
          'scope_insufficient',
          required,
        );
        const both = ['bus:publish', required];
        equal(
          codeOf(() => authorize(agent, both)),
          'scope_insufficient',
          required,
        );
      }
    },
  },
  {
    name: 'authorize() refuses malformed requirements as mistakes of the caller',
    run: async () => {
      const agent = await goodAgent();
      for (const required of ['', '*', 'bus:*', 'bus', [''], [undefined], undefined, null, 0, {}]) {
        throwsTypeError(() => authorize(agent, required as string), '"required"');
      }
    },
  },
  {
    name: 'requireTier() compares in the order of the verifier',
    run: async () => {
      const { withClaims, verifierWith } = await world();
      const verifier = await verifierWith({ tiers: ['low', 'fast', 'high'] });
      const agent = await verifier.verifyAgentToken(await withClaims({}));
      requireTier(agent, 'low');
      requireTier(agent, 'fast');
      equal(
        codeOf(() => requireTier(agent, 'high')),
        'tier_insufficient',
        'code',
      );
      throwsTypeError(() => requireTier(agent, 'power'), '"tier"');
      const untiered = await verifier.verifyAgentToken(await withClaims({ tier: undefined }));
      equal(untiered.tier, 'low', 'tier without a claim');
    },
  },
  {
    name: 'verifyAgentToken() keeps equal ids of two issuers apart',
    run: async () => {
      const { header, claims } = await world();
      const one = await keyOf('ES256', 'trusted');
      const other = await keyOf('ES256', 'other issuer');
      const revocation: RevocationSource = {
        isRevoked: (chain) =>
          chain.some(({ issuer, tokenId }) => issuer === 'one' && tokenId === claims['jti']),
      };
      const verifier = createVerifier({
        issuers: [
          { issuer: 'one', keys: await localKeys(one.publicJwk), audience: 'a' },
          { issuer: 'other', keys: await localKeys(other.publicJwk), audience: ['b', 'c'] },
        ],
        revocation,
        clock,
      });
      const make = (key: typeof one, iss: string, aud: string): Promise<string> =>
        sign(key.privateKey, { ...header, kid: key.kid }, change(claims, { iss, aud }));
      await refused(verifier, await make(one, 'one', 'a'), 'token_revoked');
      equal((await verifier.verifyAgentToken(await make(other, 'other', 'b'))).issuer, 'other');
      await refused(verifier, await make(one, 'one', 'b'), 'audience_mismatch');
      await refused(verifier, await make(other, 'other', 'a'), 'audience_mismatch');
      await refused(verifier, await make(one, 'other', 'b'), 'key_unknown');
      await refused(verifier, await make(one, 'third', 'a'), 'issuer_not_trusted');
    },
  },
];

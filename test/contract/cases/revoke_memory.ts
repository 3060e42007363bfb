// memoryRevocations: each kind through a verifier whose cache is warm, and mistakes in what is revoked

import { memoryRevocations, type Revocation } from '../../../src/index.ts';
import { equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { refusesCaller } from '../support/rejections.ts';
import { now, world } from '../support/world.ts';

const good: Readonly<Record<string, (key: string) => Revocation>> = {
  token: () => ({ kind: 'token', value: 'a9c1c5b2-6f0e-4d7e-9a51-1f7f6f0c2b11' }),
  session: () => ({ kind: 'session', value: 'run-1' }),
  agent: () => ({ kind: 'agent', value: 'planner' }),
  key: (value) => ({ kind: 'key', value }),
  'before, of the agent': () => ({ kind: 'before', value: now - 60, agent: 'planner' }),
  'before, of all': () => ({ kind: 'before', value: now - 60, all: true }),
};

const others: Readonly<Record<string, Revocation>> = {
  'another token': { kind: 'token', value: 'a9c1c5b2' },
  'another agent': { kind: 'agent', value: 'plan' },
  'another issuer': { kind: 'agent', value: 'planner', issuer: 'https://other.example' },
  'an earlier time': { kind: 'before', value: now - 61, all: true },
  'another agent’s time': { kind: 'before', value: now, agent: 'worker' },
};

const bad: Readonly<Record<string, readonly [revocation: unknown, words: string]>> = {
  'an unknown kind': [{ kind: 'everything', value: 'a' }, '"kind"'],
  'no value': [{ kind: 'token' }, '"value"'],
  'an empty value': [{ kind: 'token', value: '' }, '"value"'],
  'a number for a token': [{ kind: 'token', value: 1 }, '"value"'],
  'text for a time': [{ kind: 'before', value: '1', all: true }, '"value"'],
  'no time': [{ kind: 'before', value: Number.NaN, all: true }, '"value"'],
  'a time of nobody': [{ kind: 'before', value: 1 }, '"agent"'],
  'a time of an agent and of all': [{ kind: 'before', value: 1, agent: 'a', all: true }, '"agent"'],
  'a time of an agent without a name': [{ kind: 'before', value: 1, agent: '' }, '"agent"'],
  'an agent beside a token': [{ kind: 'token', value: 'a', agent: 'a' }, '"before"'],
  'all beside an agent': [{ kind: 'agent', value: 'a', all: true }, '"before"'],
  'an empty issuer': [{ kind: 'token', value: 'a', issuer: '' }, '"issuer"'],
  'an unknown option': [{ kind: 'token', value: 'a', until: 1 }, '"until"'],
  nothing: [undefined, 'object'],
};

export const cases: readonly ContractCase[] = [
  ...Object.entries(good).map(([name, make]) => ({
    name: `memoryRevocations() ends a token by ${name}, in a warm cache too`,
    run: async () => {
      const { token, key, verifierWith } = await world();
      const revocation = memoryRevocations();
      const verifier = await verifierWith({ revocation });
      await verifier.verifyAgentToken(token);
      revocation.revoke(make(key.kid));
      await rejectsWithCode(verifier.verifyAgentToken(token), 'token_revoked');
    },
  })),
  ...Object.entries(others).map(([name, revocation]) => ({
    name: `memoryRevocations() leaves a token alone that is not meant: ${name}`,
    run: async () => {
      const { token, verifierWith } = await world();
      const source = memoryRevocations();
      source.revoke(revocation);
      const verifier = await verifierWith({ revocation: source });
      equal((await verifier.verifyAgentToken(token)).agentId, 'planner', 'agent');
    },
  })),
  ...Object.entries(bad).map(([name, [revocation, words]]) => ({
    name: `memoryRevocations() refuses ${name}`,
    run: () => refusesCaller(() => memoryRevocations().revoke(revocation as Revocation), words),
  })),
];

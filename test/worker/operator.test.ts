// The first operator: registered once for each key of the configuration, and what crashes leave behind

import { env } from 'cloudflare:workers';
import { reset } from 'cloudflare:test';
import { beforeEach, describe, expect, test } from 'vitest';
import { generateSigningKey } from '../../src/issue/index.ts';
import { changeAgent, createAgent, type AgentParts } from '../../worker/authority/enroll/agents.ts';
import { findRegistration } from '../../worker/authority/enroll/operator.ts';
import { agentsStub } from '../../worker/authority/enroll/agent_directory.ts';

beforeEach(() => reset());

type Record = Parameters<AgentParts['revoke']>[0];

function open(operatorJwk?: object) {
  const records: Record[] = [];
  const parts = {
    agents: env.AGENT,
    directory: env.DIRECTORY,
    revoke: async (record: Record) => records.push(record),
    now: () => Date.now(),
    operatorJwk,
    tiers: ['fast', 'power'],
  };
  return { parts, records };
}

const makeJwk = async (): Promise<object> => ({ ...(await generateSigningKey()).publicJwk });

describe('findRegistration()', () => {
  test('registers the operator when it is first asked for, once', async () => {
    const { parts, records } = open(await makeJwk());
    const found = await Promise.all(
      Array.from({ length: 20 }, () => findRegistration(parts, 'operator')),
    );
    expect(new Set(found.map((one) => one?.version))).toEqual(new Set([1]));
    expect(found[0]).toMatchObject({
      id: 'operator',
      tier: 'power',
      scope: ['admin:read', 'admin:write'],
      dpop: 'required',
      disabled: false,
    });
    expect(records.filter(({ kind }) => kind === 'jkt')).toEqual([]);
  });

  test('registers nobody under another id, and nobody without a key', async () => {
    expect(await findRegistration(open(await makeJwk()).parts, 'gateway')).toBeNull();
    expect(await findRegistration(open().parts, 'operator')).toBeNull();
    expect(await findRegistration(open({ kty: 'oct', k: 'x' }).parts, 'operator')).toBeNull();
  });

  test('a disabled operator stays disabled until another key is configured', async () => {
    const first = open(await makeJwk());
    const before = await findRegistration(first.parts, 'operator');
    await changeAgent(first.parts, 'operator', { disabled: true });
    const { length } = first.records;
    expect(await findRegistration(first.parts, 'operator')).toMatchObject({ disabled: true });
    expect(first.records).toHaveLength(length);

    const second = open(await makeJwk());
    const after = await findRegistration(second.parts, 'operator');
    expect(after).toMatchObject({ disabled: false, notBefore: expect.any(Number) as number });
    expect(after?.jkt).not.toBe(before?.jkt);
    expect(second.records).toMatchObject([
      { kind: 'before', value: 'operator', before: after?.notBefore },
      { kind: 'agent', value: 'operator' },
      { kind: 'jkt', value: before?.jkt },
    ]);
    expect(second.records[1]?.expiresAt).toBeLessThan(Date.now() / 1000);
    // Each key counts once: the one before does not come back
    expect(await findRegistration(first.parts, 'operator')).toEqual(after);
  });

  test('the key of an agent does not become the operator’s', async () => {
    const { publicJwk, kid } = await generateSigningKey();
    const { parts } = open({ ...publicJwk });
    const policy = { tier: 'fast', scope: [], dpop: 'optional', dlgMax: undefined } as const;
    await createAgent(parts, { id: 'a', policy, key: { jwk: publicJwk, jkt: kid } });
    expect(await findRegistration(parts, 'operator')).toBeNull();
  });
});

describe('createAgent()', () => {
  test('goes on where an earlier try stopped between the objects', async () => {
    const { publicJwk, kid } = await generateSigningKey();
    const { parts } = open();
    await agentsStub(env.DIRECTORY).begin('a', kid);
    const policy = { tier: 'fast', scope: [], dpop: 'optional', dlgMax: undefined } as const;
    const made = await createAgent(parts, { id: 'a', policy, key: { jwk: publicJwk, jkt: kid } });
    expect(made).toMatchObject({ id: 'a', jkt: kid });
    const listed = await agentsStub(env.DIRECTORY).agents({ after: '', prefix: '', limit: 9 });
    expect(listed).toMatchObject([{ id: 'a' }]);
  });
});

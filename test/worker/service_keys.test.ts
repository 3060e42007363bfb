// KeyRing: keys that sign one kind of thing only, for the audit log and for transactions

import { env } from 'cloudflare:workers';
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createKeySealing } from '../../worker/authority/keys/key_sealing.ts';
import { keyRingSchema } from '../../worker/authority/keys/key_ring_store.ts';
import { KeyRing } from '../../worker/index.ts';
import { advanceClock, freshName } from './support.ts';

afterEach(() => {
  vi.useRealTimers();
});

const variables = env as unknown as Readonly<Record<string, string>>;
const sealingKey = variables['KEY_ENCRYPTION_KEY'] ?? '';
const otherKey = 'nW2vQGx3kqZr0fTz1LJmYdX5cB8hS7aPuoE6iRgVtKw';
const open = (): DurableObjectStub<KeyRing> => env.KEY_RING.getByName(freshName('ring'));

describe('KeyRing.serviceKeys()', () => {
  test('of 20 first calls at once makes one key, which is none of the ring', async () => {
    const ring = open();
    const all = await Promise.all(Array.from({ length: 20 }, () => ring.serviceKeys('audit')));
    expect(new Set(all.map(({ signer }) => signer.jwk.kid)).size).toBe(1);
    const kid = all[0]?.signer.jwk.kid;
    expect((await ring.list()).some((key) => key.kid === kid)).toBe(false);
    expect((await ring.serviceKeys('txn')).signer.jwk.kid).not.toBe(kid);
    await evictDurableObject(ring);
    expect((await ring.serviceKeys('audit')).signer.jwk.kid).toBe(kid);
  });

  test('shows public members only, and stores the private part sealed', async () => {
    const ring = open();
    const { signer, published } = await ring.serviceKeys('audit');
    expect(published).toEqual([signer.jwk]);
    expect(Object.keys(signer.jwk)).not.toContain('d');
    const label = {
      use: 'service-key',
      issuer: variables['ISSUER'] ?? '',
      name: signer.jwk.kid,
    } as const;
    const sealing = createKeySealing([sealingKey]);
    const secret = (await sealing.open(label, signer.sealed)) as JsonWebKey;
    expect(secret.x).toBe(signer.jwk['x']);
    const stored = await runInDurableObject(ring, (_ring, { storage: { sql } }) =>
      JSON.stringify(sql.exec('SELECT * FROM service_keys').toArray()),
    );
    expect(stored).not.toContain(secret.d);
    await expect(sealing.open({ ...label, use: 'signing-key' }, signer.sealed)).rejects.toThrow(
      'cannot be opened',
    );
  });

  test('makes another key after a year, destroys the old private part and keeps the public one', async () => {
    const ring = open();
    const before = await ring.serviceKeys('audit');
    advanceClock(366 * 86_400_000);
    const after = await ring.serviceKeys('audit');
    expect(after.signer.jwk.kid).not.toBe(before.signer.jwk.kid);
    expect(after.published.map(({ kid }) => kid)).toEqual([
      after.signer.jwk.kid,
      before.signer.jwk.kid,
    ]);
    const sealed = await runInDurableObject(ring, (_ring, { storage: { sql } }) =>
      sql.exec('SELECT kid FROM service_keys WHERE sealed IS NOT NULL').toArray(),
    );
    expect(sealed).toEqual([{ kid: after.signer.jwk.kid }]);
  });

  test.each(['audit', 'txn'] as const)(
    'a compromised %s key is gone at once, with its private part, and another signs',
    async (use) => {
      const ring = open();
      const other = use === 'audit' ? 'txn' : 'audit';
      const { signer } = await ring.serviceKeys(use);
      const kept = await ring.serviceKeys(other);
      const { kid } = signer.jwk;
      expect(await Promise.all([ring.compromise(kid), ring.compromise(kid)])).toEqual([true, true]);
      const after = await ring.serviceKeys(use);
      expect(after.signer.jwk.kid).not.toBe(kid);
      expect(after.published).toEqual([after.signer.jwk]);
      expect(await ring.serviceKeys(other)).toEqual(kept);
      expect(await ring.listServices()).toContainEqual(
        expect.objectContaining({ kid, use, state: 'retired', compromised: true }),
      );
      const stored = await runInDurableObject(ring, (_ring, { storage: { sql } }) =>
        sql.exec('SELECT sealed FROM service_keys WHERE kid = ?', kid).toArray(),
      );
      expect(stored).toEqual([{ sealed: null }]);
    },
  );

  test('is as it was in a ring that version 2 wrote', async () => {
    const ring = open();
    const { signer } = await ring.serviceKeys('txn');
    await runInDurableObject(ring, (_ring, { storage: { sql } }) => {
      sql.exec('ALTER TABLE service_keys DROP COLUMN compromised');
      sql.exec('UPDATE schema_version SET version = 2');
    });
    await evictDurableObject(ring);
    expect((await ring.serviceKeys('txn')).signer.jwk).toEqual(signer.jwk);
    expect(await ring.compromise(signer.jwk.kid)).toBe(true);
  });

  test('is there in a ring that version 1 wrote', async () => {
    const ring = open();
    await runInDurableObject(ring, (_ring, { storage: { sql } }) => {
      sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL)');
      sql.exec('INSERT INTO schema_version VALUES (1)');
      for (const statement of keyRingSchema) sql.exec(statement);
    });
    await evictDurableObject(ring);
    const { signer } = await ring.serviceKeys('txn');
    expect(signer.jwk.alg).toBe('ES256');
  });

  test('is sealed anew under the first sealing key', async () => {
    const ring = open();
    const { signer } = await ring.serviceKeys('audit');
    const sealing = createKeySealing([otherKey, sealingKey]);
    await runInDurableObject(ring, async (_ring, state) => {
      const keys = `${otherKey},${sealingKey}`;
      const later = new KeyRing(state, { ...variables, KEY_ENCRYPTION_KEY: keys });
      const { signer: anew } = await later.serviceKeys('audit');
      expect(anew.jwk.kid).toBe(signer.jwk.kid);
      expect(anew.sealed.by).toBe(await sealing.current());
    });
  });
});

// KeyRing: bootstrap, rotation, compromise and sealing, under concurrency, eviction and time

import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createKeySealing } from '../../worker/authority/keys/key_sealing.ts';
import type { RingSnapshot } from '../../worker/authority/keys/key_ring.ts';
import { KeyRing } from '../../worker/index.ts';
import { advanceClock, freshName } from './support.ts';

afterEach(() => {
  vi.useRealTimers();
});

const day = 86_400_000;
const variables = env as unknown as Readonly<Record<string, string>>;
const sealingKey = variables['KEY_ENCRYPTION_KEY'] ?? '';
const otherKey = 'nW2vQGx3kqZr0fTz1LJmYdX5cB8hS7aPuoE6iRgVtKw';

type Ring = DurableObjectStub<KeyRing>;
const open = (): Ring => env.KEY_RING.getByName(freshName('ring'));

async function snapshotOf(ring: Ring): Promise<RingSnapshot> {
  const snapshot = await ring.snapshot(-1);
  if (snapshot === 'unchanged') throw new Error('The ring knew nothing of version -1');
  return snapshot;
}

async function statesOf(ring: Ring): Promise<Record<string, string>> {
  return Object.fromEntries((await ring.list()).map(({ kid, state }) => [kid, state]));
}

const kidOf = async (ring: Ring, state: string): Promise<string> =>
  (await ring.list()).find((key) => key.state === state)?.kid ?? '';

/** Everything that the object has stored, as text. */
function storedText(ring: Ring): Promise<string> {
  return runInDurableObject(ring, (_ring, { storage: { sql } }) =>
    JSON.stringify([
      sql.exec('SELECT * FROM keys').toArray(),
      sql.exec('SELECT * FROM nonce_secrets').toArray(),
    ]),
  );
}

/** The private key that signs now. */
async function openSigner(snapshot: RingSnapshot, key = sealingKey): Promise<JsonWebKey> {
  const { signer } = snapshot;
  if (signer === undefined) throw new Error('There is no signer');
  const label = {
    use: 'signing-key',
    issuer: variables['ISSUER'] ?? '',
    name: signer.jwk.kid,
  } as const;
  return (await createKeySealing([key]).open(label, signer.sealed)) as JsonWebKey;
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

function expectPublic(snapshot: RingSnapshot): void {
  for (const jwk of [...snapshot.published, snapshot.signer?.jwk ?? {}]) {
    expect(privateMembers.filter((member) => Object.hasOwn(jwk, member))).toEqual([]);
  }
}

describe('KeyRing', () => {
  test('of 20 first calls at once makes one ring', async () => {
    const ring = open();
    const all = await Promise.all(Array.from({ length: 20 }, () => snapshotOf(ring)));
    expect(new Set(all.map(({ signer }) => signer?.jwk.kid)).size).toBe(1);
    expect(Object.values(await statesOf(ring)).toSorted()).toEqual(['active', 'next']);
  });

  test('publishes the next key before it signs, and says `unchanged` to who knows', async () => {
    const ring = open();
    const { version, published, signer } = await snapshotOf(ring);
    expect(published.map(({ kid }) => kid)).toEqual(
      expect.arrayContaining([await kidOf(ring, 'next'), signer?.jwk.kid]),
    );
    expect(await ring.snapshot(version)).toBe('unchanged');
  });

  test('keeps everything when it is evicted', async () => {
    const ring = open();
    const before = await snapshotOf(ring);
    await evictDurableObject(ring);
    expect(await snapshotOf(ring)).toEqual(before);
  });

  test('rotates by its alarm: retiring keys stay published, retired ones lose their private part', async () => {
    const ring = open();
    const [first, second] = [
      (await snapshotOf(ring)).signer?.jwk.kid ?? '',
      await kidOf(ring, 'next'),
    ];
    advanceClock(31 * day);
    expect(await runDurableObjectAlarm(ring)).toBe(true);
    expect(await statesOf(ring)).toMatchObject({ [first]: 'retiring', [second]: 'active' });
    const rotated = await snapshotOf(ring);
    expect(rotated.signer?.jwk.kid).toBe(second);
    expect(rotated.published.map(({ kid }) => kid)).toContain(first);
    expectPublic(rotated);

    advanceClock(1_100_000);
    await evictDurableObject(ring);
    expect(await runDurableObjectAlarm(ring)).toBe(true);
    expect(await statesOf(ring)).toMatchObject({ [first]: 'retired', [second]: 'active' });
    const later = await snapshotOf(ring);
    expect(later.published.map(({ kid }) => kid)).not.toContain(first);
    const sealed = await runInDurableObject(ring, (_ring, { storage: { sql } }) =>
      sql.exec('SELECT sealed FROM keys WHERE kid = ?', first).one(),
    );
    expect(sealed).toEqual({ sealed: null });

    advanceClock(91 * day);
    await runDurableObjectAlarm(ring);
    expect(Object.keys(await statesOf(ring))).not.toContain(first);
  });

  test('plans by itself when its alarm is late, and an alarm too many changes nothing', async () => {
    const ring = open();
    const second = (await snapshotOf(ring)).published.at(-1);
    advanceClock(31 * day);
    const late = await snapshotOf(ring);
    expect(late.signer?.jwk.kid).toBe(await kidOf(ring, 'active'));
    expect(late.published.map(({ kid }) => kid)).toContain(second?.kid);
    const states = await statesOf(ring);
    await runDurableObjectAlarm(ring);
    await runInDurableObject(ring, (instance: KeyRing) => instance.alarm());
    expect(await statesOf(ring)).toEqual(states);
  });

  test('an operator who asks for the successor gets it once it was published long enough', async () => {
    const ring = open();
    const first = (await snapshotOf(ring)).signer?.jwk.kid ?? '';
    await ring.rotate();
    expect(await kidOf(ring, 'active')).toBe(first);
    advanceClock(day + 1000);
    await runDurableObjectAlarm(ring);
    expect(await kidOf(ring, 'active')).not.toBe(first);
    // Once: the successor's own successor waits for its time
    const second = await kidOf(ring, 'active');
    advanceClock(day + 1000);
    await runDurableObjectAlarm(ring);
    expect(await kidOf(ring, 'active')).toBe(second);
  });

  test.each(['active', 'next', 'retiring'])(
    'a compromised %s key is gone at once',
    async (state) => {
      const ring = open();
      await snapshotOf(ring);
      advanceClock(31 * day);
      await runDurableObjectAlarm(ring);
      const kid = await kidOf(ring, state);
      expect(await Promise.all([ring.compromise(kid), ring.compromise(kid)])).toEqual([true, true]);
      const after = await snapshotOf(ring);
      expect(after.published.map((key) => key.kid)).not.toContain(kid);
      expect(after.signer).toBeDefined();
      expect(after.signer?.jwk.kid).not.toBe(kid);
      expectPublic(after);
      expect((await ring.list()).find((key) => key.kid === kid)).toMatchObject({
        state: 'retired',
        compromised: true,
      });
      expect(
        Object.values(await statesOf(ring)).filter((other) => other === 'active'),
      ).toHaveLength(1);
      await evictDurableObject(ring);
      expect((await snapshotOf(ring)).published.map((key) => key.kid)).not.toContain(kid);
    },
  );

  test('knows nothing of other kids', async () => {
    const ring = open();
    await snapshotOf(ring);
    expect(await ring.compromise('__proto__')).toBe(false);
  });
});

describe('KeyRing at rest', () => {
  test('what is stored does not hold the private key or the nonce secret', async () => {
    const ring = open();
    const snapshot = await snapshotOf(ring);
    const { d = '' } = await openSigner(snapshot);
    expect(d).toMatch(/^[\w-]{43}$/);
    const stored = await storedText(ring);
    expect(stored).toContain(snapshot.signer?.sealed.text);
    expect(stored).not.toContain(d);
    expect(stored).not.toContain(sealingKey);
    expect(stored).not.toContain('"d"');
    expect(JSON.stringify(snapshot)).not.toContain(d);
  });

  test('a secret is opened only as what it was sealed as', async () => {
    const sealing = createKeySealing([sealingKey]);
    const label = { use: 'signing-key', issuer: 'https://a.example', name: 'k' } as const;
    const sealed = await sealing.seal(label, { d: 'x' });
    expect(await sealing.open(label, sealed)).toEqual({ d: 'x' });
    for (const other of [
      { ...label, name: 'l' },
      { ...label, issuer: 'https://b.example' },
      { ...label, use: 'nonce-secret' as const },
    ]) {
      await expect(sealing.open(other, sealed)).rejects.toThrow('The secret cannot be opened');
    }
    await expect(createKeySealing([otherKey]).open(label, sealed)).rejects.toThrow(
      'The secret cannot be opened',
    );
  });

  test('a new sealing key takes over without losing a signing key', async () => {
    const ring = open();
    const before = await snapshotOf(ring);
    const { d } = await openSigner(before);
    await runInDurableObject(ring, async (_old, state) => {
      const rotated = { ...env, KEY_ENCRYPTION_KEY: `${otherKey},${sealingKey}` };
      const after = await new KeyRing(state, rotated).snapshot(-1);
      if (after === 'unchanged') throw new Error('The ring knew nothing of version -1');
      expect(after.published).toEqual(before.published);
      expect((await openSigner(after, otherKey)).d).toBe(d);
      await expect(openSigner(after, sealingKey)).rejects.toThrow('The secret cannot');
      // The old one is not needed any more
      const alone = new KeyRing(state, { ...env, KEY_ENCRYPTION_KEY: otherKey });
      const left = await alone.snapshot(-1);
      expect(left).toEqual(after);
    });
  });

  test('without the right key nothing is lost', async () => {
    const ring = open();
    const before = await snapshotOf(ring);
    await runInDurableObject(ring, async (_old, state) => {
      const wrong = new KeyRing(state, { ...env, KEY_ENCRYPTION_KEY: otherKey });
      expect(await wrong.snapshot(-1)).toMatchObject({ signer: before.signer });
    });
    expect((await openSigner(await snapshotOf(ring))).d).toBeDefined();
  });
});

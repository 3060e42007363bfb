// A sender's ledger: a nonce is used once its message is stored, and never before

import { env } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import {
  createNonceStore,
  grantMs,
  nonceSchema,
  skewMs,
  type LedgerEntry,
  type NonceStore,
} from '../../worker/authority/agent/nonce_store.ts';
import { forgottenSchema } from '../../worker/authority/agent/forgotten_store.ts';
import { createSchema } from '../../worker/storage/schema.ts';

const t0 = 1_800_000_000_000;
const entry: LedgerEntry = {
  nonce: 'n1',
  id: 'id1',
  digest: 'd1',
  to: 'worker-1',
  expiresAt: t0 + 300_000,
};
const otherId: LedgerEntry = { ...entry, id: 'id2', digest: 'd2' };
const otherBytes: LedgerEntry = { ...entry, digest: 'd2' };
const otherNonce: LedgerEntry = { ...entry, nonce: 'n2', digest: 'd2' };
const rivals = [otherId, otherBytes, otherNonce];
const over = t0 + grantMs + skewMs + 1;

function inStore<T>(use: (store: NonceStore, sql: SqlStorage) => T): Promise<T> {
  const stub = env.AGENT.get(env.AGENT.newUniqueId());
  return runInDurableObject(stub, (_agent, { storage: { sql } }) =>
    use(createNonceStore(sql, createSchema(sql, 1, [...nonceSchema, ...forgottenSchema])), sql),
  );
}

const kindOf = (store: NonceStore, what: LedgerEntry, now = t0): string =>
  store.reserve(what, now).kind;

describe('createNonceStore()', () => {
  test('grants a new nonce for a while', () =>
    inStore((store) => {
      expect(store.reserve(entry, t0)).toEqual({ kind: 'granted', storeBefore: t0 + grantMs });
    }));

  test('a stored message comes again as stored, and whatever shares its nonce or id is a replay', () =>
    inStore((store) => {
      store.reserve(entry, t0);
      store.commit(entry);
      expect(kindOf(store, entry)).toBe('stored');
      for (const rival of rivals) expect(kindOf(store, rival)).toBe('replayed');
    }));

  test('while one is under way others are busy, and the same one is granted again', () =>
    inStore((store) => {
      store.reserve(entry, t0);
      for (const rival of rivals) expect(kindOf(store, rival)).toBe('busy');
      expect(kindOf(store, entry)).toBe('granted');
    }));

  test('a release frees the nonce', () =>
    inStore((store) => {
      store.reserve(entry, t0);
      store.release(entry);
      expect(kindOf(store, otherId)).toBe('granted');
    }));

  test('a release of one of two grants frees nothing: the other may still store', () =>
    inStore((store) => {
      store.reserve(entry, t0);
      store.reserve(entry, t0);
      store.release(entry);
      expect(kindOf(store, otherId)).toBe('busy');
      store.release(entry);
      expect(kindOf(store, otherId)).toBe('granted');
    }));

  test('a release does not touch a stored message', () =>
    inStore((store) => {
      store.reserve(entry, t0);
      store.reserve(entry, t0);
      store.commit(entry);
      store.release(entry);
      expect(kindOf(store, otherId)).toBe('replayed');
    }));

  test('a release by another message does nothing', () =>
    inStore((store) => {
      store.reserve(entry, t0);
      store.release(otherId);
      store.release(otherBytes);
      expect(kindOf(store, otherId)).toBe('busy');
    }));

  test('a reservation that outlived its time is for the bus to tell', () =>
    inStore((store) => {
      store.reserve(entry, t0);
      expect(kindOf(store, otherId, over - 1)).toBe('busy');
      const reservation = store.reserve(otherId, over);
      expect(reservation).toEqual({
        kind: 'unresolved',
        held: { ...entry, storeBefore: t0 + grantMs },
      });
    }));

  test('settled as stored it is used; settled as not stored it is free', () =>
    inStore((store) => {
      const held = { ...entry, storeBefore: t0 + grantMs };
      store.reserve(entry, t0);
      store.settle(held, true);
      expect(kindOf(store, otherId, over)).toBe('replayed');
      expect(kindOf(store, entry, over)).toBe('stored');
    }).then(() =>
      inStore((store) => {
        const held = { ...entry, storeBefore: t0 + grantMs };
        store.reserve(entry, t0);
        store.settle(held, false);
        expect(kindOf(store, otherId, over)).toBe('granted');
      }),
    ));

  test('an answer from the bus does not count when it was granted again meanwhile', () =>
    inStore((store) => {
      const held = { ...entry, storeBefore: t0 + grantMs };
      store.reserve(entry, t0);
      store.reserve(entry, t0 + 5);
      store.settle(held, false);
      expect(kindOf(store, otherId, t0 + 6)).toBe('busy');
    }));

  test('a commit counts even when the reservation is gone, and never takes over another', () =>
    inStore((store) => {
      store.commit(entry);
      expect(kindOf(store, otherId)).toBe('replayed');
      for (const rival of rivals) store.commit(rival);
      expect(kindOf(store, entry)).toBe('stored');
    }));

  test('a nonce is free again when its ttl is over', () =>
    inStore((store, sql) => {
      store.reserve(entry, t0);
      store.commit(entry);
      expect(kindOf(store, otherId, entry.expiresAt - 1)).toBe('replayed');
      expect(store.nextExpiry()).toBe(entry.expiresAt);
      store.purge(entry.expiresAt);
      expect(sql.exec('SELECT nonce FROM nonces').toArray()).toEqual([]);
      expect(kindOf(store, { ...otherId, expiresAt: t0 + 900_000 }, entry.expiresAt)).toBe(
        'granted',
      );
    }));

  test('an object that is only asked writes nothing', () =>
    inStore((store, sql) => {
      store.release(entry);
      store.settle({ ...entry, storeBefore: t0 }, true);
      store.purge(t0);
      expect(store.nextExpiry()).toBeUndefined();
      expect(sql.exec('SELECT name FROM sqlite_master').toArray()).toEqual([]);
    }));
});

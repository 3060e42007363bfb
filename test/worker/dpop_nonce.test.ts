// Nonces for proofs: whose they are, how long they are good, and the change of their secret

import { describe, expect, test } from 'vitest';
import { createDpopNonces } from '../../worker/authority/token/dpop_nonce.ts';

function makeKey(): Promise<CryptoKey> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify']);
}

async function makeWorld() {
  let time = 1_800_000_000_000;
  let keys = [await makeKey()];
  return {
    nonces: createDpopNonces({ keys: async () => keys, now: () => time }),
    advance: (seconds: number) => (time += seconds * 1000),
    rotate: async () => {
      keys = [await makeKey(), ...keys].slice(0, 2);
    },
  };
}

describe('createDpopNonces()', () => {
  test.each([
    ['at once', 0, true],
    ['after 300 s', 300, true],
    ['after 301 s', 301, false],
    ['from a clock 5 s ahead', -5, true],
    ['from a clock 6 s ahead', -6, false],
  ])('a nonce %s', async (_name, seconds, good) => {
    const { nonces, advance } = await makeWorld();
    const nonce = await nonces.make('planner');
    advance(seconds);
    expect(await nonces.isOurs(nonce, 'planner')).toBe(good);
  });

  test('is for its client alone', async () => {
    const { nonces } = await makeWorld();
    expect(await nonces.isOurs(await nonces.make('planner'), 'planne')).toBe(false);
  });

  test('is good under the secret before, and not under one that is gone', async () => {
    const { nonces, rotate } = await makeWorld();
    const nonce = await nonces.make('planner');
    await rotate();
    expect(await nonces.isOurs(nonce, 'planner')).toBe(true);
    await rotate();
    expect(await nonces.isOurs(nonce, 'planner')).toBe(false);
  });

  test('a changed time or MAC is not ours, nor is anything else', async () => {
    const { nonces } = await makeWorld();
    const nonce = await nonces.make('planner');
    const [time = '', mac = ''] = nonce.split('.');
    const later = (Number.parseInt(time, 36) + 1).toString(36);
    for (const other of [`${later}.${mac}`, `${time}.${mac.slice(2)}00`, '', '.', `${nonce}0`]) {
      expect(await nonces.isOurs(other, 'planner')).toBe(other === nonce);
    }
  });
});

// From a counter to the indices of a status list: a keyed permutation, so that neighbours tell nothing of each other.

/** The indices of one list: 2^20, a power of four, which a Feistel network splits in equal halves. */
export const listSize = 1_048_576;

const half = 10;
const mask = 1023;
const rounds = 8;
/** Round functions, as tables of 16-bit words. */
const tableBytes = rounds * (mask + 1) * 2;

/** Maps each number below {@link listSize} to another one, and no two to the same. */
export type Permutation = (counter: number) => number;

/** A new secret of a list. */
export function makeListSecret(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}

/** The permutation of a secret: a Feistel network whose round functions are a keystream of AES. */
export async function permutationOf(secret: Uint8Array): Promise<Permutation> {
  const key = await crypto.subtle.importKey('raw', secret, 'AES-CTR', false, ['encrypt']);
  const algorithm = { name: 'AES-CTR', counter: new Uint8Array(16), length: 64 };
  const stream = await crypto.subtle.encrypt(algorithm, key, new Uint8Array(tableBytes));
  const words = new DataView(stream);

  return (counter) => {
    let left = counter >>> half;
    let right = counter & mask;
    for (let round = 0; round < rounds; round++) {
      const mixed = words.getUint16((round * (mask + 1) + right) * 2) & mask;
      [left, right] = [right, left ^ mixed];
    }
    return (left << half) | right;
  };
}

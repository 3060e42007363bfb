// A request body, read up to a cap

import { expect, test } from 'vitest';
import { readCapped } from '../../worker/read_capped.ts';

const bodyOf = (...chunks: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test('readCapped() reads a body of exactly the limit', async () => {
  expect(textOf(await readCapped(bodyOf('ab', '', 'cd'), 4))).toBe('abcd');
  expect(await readCapped(null, 4)).toHaveLength(0);
});

test('readCapped() refuses a body that is longer than the limit', async () => {
  await expect(readCapped(bodyOf('ab', 'cde'), 4)).rejects.toMatchObject({
    code: 'message_too_large',
  });
});

test('readCapped() refuses a body that breaks off', async () => {
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('chunked encoding is wrong')),
  });
  await expect(readCapped(broken, 4)).rejects.toMatchObject({ code: 'message_malformed' });
});

/** A body that sends a byte as often as it is told, for ever. */
function trickle(everyMs: number): { body: ReadableStream<Uint8Array>; isCut: () => boolean } {
  let isCut = false;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, everyMs));
        controller.enqueue(new Uint8Array(1));
      },
      cancel() {
        isCut = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, isCut: () => isCut };
}

test.each([
  ['stops', { body: trickle(1e9), deadlines: { idleMs: 20, totalMs: 1e6, perKilobyteMs: 0 } }],
  ['trickles', { body: trickle(5), deadlines: { idleMs: 1e6, totalMs: 50, perKilobyteMs: 0 } }],
])('readCapped() cuts a body that %s', async (_name, { body: { body, isCut }, deadlines }) => {
  await expect(readCapped(body, 1024, deadlines)).rejects.toMatchObject({
    code: 'message_malformed',
  });
  expect(isCut()).toBe(true);
});

test('readCapped() waits for a body that comes slowly, but in time', async () => {
  let left = 5;
  const slow = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (left-- === 0) controller.close();
      else controller.enqueue(new Uint8Array(1));
    },
  });
  expect(await readCapped(slow, 5)).toHaveLength(5);
});

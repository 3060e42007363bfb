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

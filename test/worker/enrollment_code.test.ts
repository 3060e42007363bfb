// One-time codes: what they look like, and what they never begin with

import { expect, test } from 'vitest';
import { enrollmentOf, makeCode } from '../../worker/authority/enroll/enrollment_code.ts';

test('makeCode() makes ids that no command takes for an option', () => {
  const made = Array.from({ length: 2000 }, makeCode);
  expect(new Set(made.map(({ id }) => id)).size).toBe(2000);
  expect(made.filter(({ id }) => id.startsWith('-'))).toEqual([]);
  for (const { id, code } of made) expect(enrollmentOf(code)).toBe(id);
});

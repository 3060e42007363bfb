// may_act: what names a client, and what only looks as if it did

import { describe, expect, test } from 'vitest';
import { namesActor } from '../../worker/authority/token/may_act.ts';

const issuer = 'https://gate.example';
const names = (mayAct: unknown): boolean => namesActor(mayAct, 'clerk', issuer);

describe('namesActor()', () => {
  test.each([[{ sub: 'clerk' }], [{ sub: 'clerk', iss: issuer }], [{ sub: 'clerk', other: 1 }]])(
    'accepts %j',
    (mayAct) => {
      expect(names(mayAct)).toBe(true);
    },
  );

  test.each([
    [undefined],
    [null],
    ['clerk'],
    [[{ sub: 'clerk' }]],
    [['clerk']],
    [{}],
    [{ sub: 'Clerk' }],
    [{ sub: ['clerk'] }],
    [{ sub: 'lead' }],
    [{ sub: 'clerk', iss: 'https://issuer.example' }],
    [{ sub: 'clerk', iss: null }],
    [{ client_id: 'clerk' }],
  ])('refuses %j', (mayAct) => {
    expect(names(mayAct)).toBe(false);
  });
});

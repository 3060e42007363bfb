// The names of mailboxes in NATS: every id has one, and no two have the same

import { assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeName,
  encodeName,
  mailboxOfSubject,
  mailboxSubject,
} from '../../worker/bus/nats/names.ts';

const id = string({
  unit: constantFrom(...Array.from('aZ09_-.:@/=*> é')),
  minLength: 1,
  maxLength: 40,
});

describe('encodeName()', () => {
  test('is read back, and uses nothing that means something in a subject', () => {
    assert(
      property(id, (text) => {
        expect(encodeName(text)).toMatch(/^[\w=-]+$/);
        expect(decodeName(encodeName(text))).toBe(text);
        expect(mailboxOfSubject(mailboxSubject(text))).toBe(text);
      }),
    );
  });

  test.each(['=41', '=2f', '=', '=2', 'a.b', '', '=FF', 'a b'])('%s is no name', (name) => {
    expect(decodeName(name)).toBeUndefined();
  });

  test('writes a byte outside of A-Z a-z 0-9 _ - as =XX', () => {
    expect(encodeName('team/a.b:c@d')).toBe('team=2Fa=2Eb=3Ac=40d');
  });
});

// The canonical path: every spelling that a server could read in another way is refused

import { describe, expect, test } from 'vitest';
import { canonicalPath } from '../../worker/gateway/path.ts';

const at = (path: string): string | undefined => canonicalPath(`https://gate.example${path}`);

describe('canonicalPath()', () => {
  test.each([
    ['', '/'],
    ['/', '/'],
    ['/bus/messages', '/bus/messages'],
    ['/bus/messages/', '/bus/messages/'],
    ['/BUS/', '/BUS/'],
    ['/bus/messages?x=/../a;b', '/bus/messages'],
    ['/bus#/../x', '/bus'],
    ['?x', '/'],
    ['/caf%C3%A9', '/caf%C3%A9'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/a%20b', '/a%20b'],
    ['/a:b@c,d!$&()*+=', '/a:b@c,d!$&()*+='],
    ['/.well-known/jwks.json', '/.well-known/jwks.json'],
    ['/~user/a.b', '/~user/a.b'],
  ])('%j is %j', (path, canonical) => {
    expect(at(path)).toBe(canonical);
  });

  test.each([
    '/bus/../admin',
    '/bus/./x',
    '/..',
    '/.',
    '/bus/..%2fadmin',
    '/bus/%2e%2e/admin',
    '/bus/.%2e/',
    '/bus/%2E/',
    '/bus/%252e%252e/admin',
    '/bus/%25',
    '/bus/..;/admin',
    '/bus;x/admin',
    '/bus%3b/admin',
    String.raw`/bus\..\admin`,
    '/bus%5cadmin',
    '/bus//admin',
    '//admin',
    '//evil.test/x',
    String.raw`/\evil.test`,
    '/%2fadmin',
    '/%2Fadmin',
    '/bus/%00',
    '/bus/%0a',
    '/bus/me%0a.css',
    '/bus/%7f',
    '/bus/%c2%85',
    '/bus%3f/admin',
    '/bus%23/admin',
    '/%c0%ae',
    '/%c0%af',
    '/%ed%a0%80',
    '/%e2%82',
    '/%',
    '/%zz',
    '/%4',
    '/%u002e',
    '/bus./messages',
    '/bus/messages.',
    '/bus/messages%20',
    '/bus/...',
    '/%62us/messages',
    '/bus/messages%2d',
    '/é',
    '/a b',
    '/a\tb',
    '/\u{FF0F}admin',
  ])('%j has more than one reading', (path) => {
    expect(at(path)).toBeUndefined();
  });
});

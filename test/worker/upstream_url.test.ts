// Whatever a path says: host and base of an upstream URL are the configured ones (THREATS 141, 142)

import { array, assert, constantFrom, oneof, property, string, webUrl } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalPath } from '../../worker/gateway/path.ts';
import { publicLocation, upstreamUrl } from '../../worker/gateway/upstream_url.ts';

const places = [
  { prefix: '/tools', origin: 'https://up.example', base: '' },
  { prefix: '/tools', origin: 'https://up.example:8443', base: '/api/v1' },
  { prefix: '/a/b', origin: 'http://127.0.0.1:3000', base: '/x' },
  { prefix: '/a', origin: 'http://[::1]:3000', base: '/x' },
];

/** The URL that a suffix leads to; `undefined` where it is refused. */
function lead(place: (typeof places)[number], suffix: string): URL | undefined {
  const sentTo = `https://gate.example${place.prefix}${suffix}`;
  const path = canonicalPath(sentTo);
  if (path === undefined) return undefined;
  try {
    return upstreamUrl(place, path, sentTo);
  } catch {
    return undefined;
  }
}

/** Reads a URL as a person does, not as a parser: what stands where. */
function staysInside({ origin, base }: (typeof places)[number], url: URL): boolean {
  const { username, password, hash, href, pathname } = url;
  return (
    url.origin === origin &&
    username + password + hash === '' &&
    (href === `${origin}${base || '/'}` ||
      href.startsWith(`${origin}${base}/`) ||
      href.startsWith(`${origin}${base || '/'}?`)) &&
    !pathname.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
  );
}

// One of each kind of the URL standard's tests: schemes, hosts, ports, users, dots, slashes, escapes,
// characters that parsers take away, and spellings of numbers
const suffixes = [
  ['', '/', '?', '#', '/?', '/#', '?#', '/..', '/.', '/./', '/../', '/...', '/.../x'],
  ['/%2e', '/%2E%2e/', '/.%2e', '/%2e./x', '/%2e%2e%2f', '/..%2f..', '/%252e%252e', '/..;/'],
  ['//evil.test', '///evil.test/', '/\\evil.test', '\\evil.test', '/\\/evil.test', '\\\\evil.test'],
  ['@evil.test', '@evil.test/', ':80@evil.test/', '/@evil.test', ':@evil.test', ':1234', ':1234/x'],
  ['.evil.test', '.evil.test/', '/.evil.test', '-evil.test', 'x', '%2f', '%2Fevil.test', '%3a80'],
  ['/http://evil.test', '/http:evil.test', 'http://evil.test', '/javascript:alert(1)', '/data:x,y'],
  ['/file:///etc/passwd', '/C|/x', '/C:/x', '/c%7C/x', '/blob:https://evil.test/x', '/mailto:a@b'],
  [
    '/\t',
    '/\n/evil.test',
    '/\r/x',
    '\t//evil.test',
    '/a\tb',
    '/ ',
    '/ /x',
    ' /x',
    '/x ',
    '/x\u0000',
  ],
  ['/%00', '/%', '/%1', '/%zz', '/%ff', '/%c3%28', '/%C3%A9', '/é', '/\u{1F4A9}', '/\uFF0E\uFF0E/'],
  [
    '/\uFF0Fevil.test',
    '/\u3002evil.test',
    '/\uFEFFx',
    '/\u00ADx',
    '/\u200Dx',
    '/\uD800',
    '/%ed%a0%80',
  ],
  [
    '/[::1]',
    '/[::1',
    '/0x7f.1',
    '/2130706433',
    '/127.1',
    '/1.2.3.4.',
    '/xn--a',
    '/a%2Cb',
    "/'x'",
    '/`x`',
  ],
  [
    '/{x}',
    '/|x|',
    '/^x',
    '/"x"',
    '/<x>',
    '/a;b=c',
    '/a&b=c',
    '/a=b',
    '/a+b',
    '/a$b',
    '/!',
    '/*',
    '/()',
  ],
  [
    '?/../x',
    '?//evil.test',
    '?@evil.test',
    '?\\evil.test',
    '?a#b',
    '?%2e%2e',
    '?é',
    '?"<>',
    "?'",
    '? x',
  ],
  [
    '/a?b?c',
    '/a#/../b',
    '/a/b/../../../c',
    '/a/./b',
    '/a//b',
    '/a/b//',
    '/a/b/.',
    '/a/b/..',
    '/a/b/...',
  ],
].flat();

describe('upstreamUrl()', () => {
  test.each(suffixes)('of %j stays inside', (suffix) => {
    for (const place of places) {
      const url = lead(place, suffix);
      expect(url === undefined || staysInside(place, url)).toBe(true);
    }
  });

  test.each(['', '/', '/x', '?a=b', '/x?a=/../b', '/%C3%A9', '/@x', '/a:b', '/...x'])(
    'of %j is there',
    (suffix) => {
      for (const place of places) {
        expect(lead(place, suffix)?.href).toBe(
          new URL(`${place.origin}${place.base}${suffix}`).href,
        );
      }
    },
  );

  test('stays inside for every path and query', () => {
    const piece = oneof(
      constantFrom(...suffixes),
      constantFrom('/', '\\', '.', '..', '%2e', '%2f', '@', ':', '?', '#', ';', '//', 'evil.test'),
      string({ unit: 'binary', maxLength: 4 }),
    );
    const suffix = array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    assert(
      property(constantFrom(...places), suffix, (place, text) => {
        const url = lead(place, text);
        return url === undefined || staysInside(place, url);
      }),
      { numRuns: 5000 },
    );
  });

  test('refuses a path of another route', () => {
    for (const path of ['/', '/tool', '/toolsx', '/x/tools']) {
      const [place] = places;
      expect(() => place && upstreamUrl(place, path, `https://gate.example${path}`)).toThrow(
        'more than one reading',
      );
    }
  });
});

describe('publicLocation()', () => {
  const [, place] = places;
  if (place === undefined) throw new Error('There is a place');
  const from = new URL('https://up.example:8443/api/v1/a/b?c');
  const lead = (location: string): string | undefined =>
    publicLocation(place, 'https://gate.example', location, from);

  test('leads into the route, or nowhere', () => {
    expect(lead('c')).toBe('https://gate.example/tools/a/c');
    expect(lead('/api/v1?x#y')).toBe('https://gate.example/tools?x#y');
    assert(
      property(oneof(constantFrom(...suffixes), webUrl(), string()), (location) => {
        const told = lead(location);
        return told === undefined || /^https:\/\/gate\.example\/tools(?:[/?#]|$)/.test(told);
      }),
      { numRuns: 3000 },
    );
  });
});

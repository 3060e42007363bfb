// `swarmgate keys generate` as a process: what it writes, with which mode, and what it refuses

import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { importSigningKey, localKeys } from '../../src/index.ts';
import { makePlace, type Place } from './command.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => place.remove());

const modeOf = (name: string): string => (statSync(place.path(name)).mode & 0o777).toString(8);
const read = (name: string): string => readFileSync(place.path(name), 'utf8');
const parse = (text: string): Record<string, unknown> =>
  JSON.parse(text) as Record<string, unknown>;

test('keys generate writes the private key for its owner alone, and the public one for all', async () => {
  const made = await place.run(['keys', 'generate', '--out', 'k.json', '--public', 'k.pub.json']);
  expect(made).toEqual({
    code: 0,
    out: '',
    err: 'Public key written to k.pub.json\nPrivate key written to k.json\n',
  });
  expect([modeOf('k.json'), modeOf('k.pub.json')]).toEqual(['600', '644']);
  const key = await importSigningKey(parse(read('k.json')));
  expect(parse(read('k.pub.json'))).toEqual(key.publicJwk);
});

test('keys generate prints the public key when no file is named for it', async () => {
  const { code, out, err } = await place.run(['keys', 'generate', '--out', 'k.json']);
  expect({ code, err }).toEqual({ code: 0, err: 'Private key written to k.json\n' });
  const { d, ...publicPart } = parse(read('k.json'));
  expect(parse(out)).toEqual(publicPart);
  expect(out).not.toContain(String(d));
});

test.each(['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519'] as const)(
  'keys generate --alg %s makes a pair of PEM files that belong together',
  async (alg) => {
    const files = ['--out', 'k.pem', '--public', 'k.pub.pem'];
    const { code } = await place.run([
      'keys',
      'generate',
      '--alg',
      alg,
      '--format',
      'pem',
      ...files,
    ]);
    expect(code).toBe(0);
    expect(read('k.pem')).toMatch(
      /^-----BEGIN PRIVATE KEY-----\n[\w+/=\n]+-----END PRIVATE KEY-----\n$/,
    );
    const { kid } = await importSigningKey(read('k.pem'), alg);
    const found = await (await localKeys(read('k.pub.pem'), alg)).find({ alg, kid });
    expect(found.thumbprint).toBe(kid);
  },
);

test('keys generate never overwrites a key that is there', async () => {
  writeFileSync(place.path('k.json'), 'precious');
  const refused = await place.run(['keys', 'generate', '--out', 'k.json', '--public', 'p.json']);
  expect(refused).toEqual({
    code: 3,
    out: '',
    err: 'swarmgate: "k.json" exists already and is not overwritten\nChoose another name, or replace the key for good with --force\n',
  });
  expect(read('k.json')).toBe('precious');
  expect(existsSync(place.path('p.json'))).toBe(false);
});

test('keys generate --force replaces a file that others could read by one that they cannot', async () => {
  writeFileSync(place.path('k.json'), 'old', { mode: 0o644 });
  const { code } = await place.run(['keys', 'generate', '--out', 'k.json', '--force']);
  expect({ code, mode: modeOf('k.json') }).toEqual({ code: 0, mode: '600' });
  expect(parse(read('k.json'))['kty']).toBe('EC');
});

test('keys generate follows no symbolic link, with --force neither', async () => {
  writeFileSync(place.path('target'), 'precious');
  symlinkSync(place.path('target'), place.path('link'));
  for (const force of [[], ['--force']]) {
    const { code } = await place.run(['keys', 'generate', '--out', 'link', ...force]);
    expect(code).toBe(3);
  }
  expect(read('target')).toBe('precious');
});

test('keys generate prints a private key only when told to', async () => {
  const silent = await place.run(['keys', 'generate']);
  expect(silent).toEqual({
    code: 2,
    out: '',
    err: 'swarmgate: Say where the private key goes: --out <file>, or --stdout to print it on purpose\n',
  });
  const told = await place.run(['keys', 'generate', '--stdout']);
  expect({ code: told.code, err: told.err }).toEqual({ code: 0, err: '' });
  expect(parse(told.out)['d']).toBeTypeOf('string');
});

test('keys generate --json prints one object, without the private key', async () => {
  const { code, out } = await place.run(['keys', 'generate', '--out', 'k.json', '--json']);
  const { d, kid } = parse(read('k.json'));
  expect(code).toBe(0);
  expect(parse(out)).toMatchObject({ kid, alg: 'ES256', private_key_file: 'k.json' });
  expect(out).not.toContain(String(d));
});

test.each([
  [['--out', 'a', '--stdout'], 'The private key goes to one place'],
  [['--out', 'a', '--public', './a'], '--out and --public must name two files'],
  [['--out', 'a', '--alg', 'HS256'], 'Allowed choices are ES256, ES384, RS256, PS256, Ed25519'],
  [['--out', 'a', 'b'], 'Too many arguments'],
])('keys generate %j is wrong use', async (args, message) => {
  const { code, out, err } = await place.run(['keys', 'generate', ...args]);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(message);
});

test('keys generate says when the folder is not there', async () => {
  expect(await place.run(['keys', 'generate', '--out', 'no/k.json'])).toEqual({
    code: 3,
    out: '',
    err: 'swarmgate: Cannot write "no/k.json": there is no such folder\n',
  });
});

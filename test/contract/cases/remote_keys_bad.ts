// remoteKeys against answers that are wrong, too large, too slow or from elsewhere: all fail closed

import { equal, type ContractCase } from '../case.ts';
import {
  keySetServer,
  outcome,
  serve,
  serveText,
  silence,
  type Answer,
} from '../support/key_set_server.ts';
import { es7515 } from '../support/printed_keys.ts';

const { d: _d, ...publicJwk } = es7515;
const jwk = { ...publicJwk, kid: 'a' };
const good = JSON.stringify({ keys: [jwk] });
const query = { alg: 'ES256', kid: 'a' } as const;
const json = { 'content-type': 'application/json' };

const status = (code: number, headers: Record<string, string> = {}): Answer =>
  serveText(code === 204 ? null : good, { status: code, headers: { ...json, ...headers } });

const type = (value: string): Answer => serveText(good, { headers: { 'content-type': value } });

/** A body that never ends; it notes when it is cancelled. */
function endless(chunk: Uint8Array, cancelled: { count: number }): Answer {
  return () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(chunk),
        cancel: () => void cancelled.count++,
      }),
      { headers: json },
    );
}

/** A response that says of itself what only a fetch can make it say. */
function seemingly(members: Partial<Record<'redirected' | 'status', unknown>>): Answer {
  return () =>
    new Proxy(new Response(good, { headers: json }), {
      get: (target, name) => {
        const own: unknown = Reflect.get(members, name) ?? Reflect.get(target, name, target);
        return own;
      },
    });
}

const failures: readonly (readonly [name: string, answer: Answer])[] = [
  ['an HTML page', serveText('<html></html>', { headers: { 'content-type': 'text/html' } })],
  ['JSON as text/html', type('text/html')],
  ['JSON as text/plain', type('text/plain; charset=utf-8')],
  ['JSON as application/jsonp', type('application/jsonp')],
  ['JSON as a made-up prefix', type('text/application/json')],
  ['no media type', serveText(new TextEncoder().encode(good), { headers: {} })],
  ['an empty body', serveText('')],
  ['no body', serveText(null)],
  ['an array', serveText('[]')],
  ['null', serveText('null')],
  ['a string', serveText('"keys"')],
  ['an empty object', serveText('{}')],
  ['keys that are an object', serveText('{"keys":{}}')],
  ['keys that are null', serveText('{"keys":null}')],
  ['keys that are a string', serveText('{"keys":"a"}')],
  ['keys under __proto__ alone', serveText(`{"__proto__":${good}}`)],
  ['entries that are not objects', serveText('{"keys":[null,1,"x"]}')],
  ['an entry that is an array', serveText('{"keys":[[]]}')],
  ['a good key beside null', serveText(`{"keys":[${JSON.stringify(jwk)},null]}`)],
  ['keys twice', serveText(`{"keys":[],${good.slice(1)}`)],
  ['a kid twice in one key', serveText(good.replace('"kid"', '"kid":"b","kid"'))],
  ['garbage after the JSON', serveText(`${good}x`)],
  ['a byte order mark', serveText(`\uFEFF${good}`)],
  ['UTF-16', serveText(new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]))],
  ['deep nesting', serveText(`{"keys":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)],
  ['a truncated body', serveText(good.slice(0, -1))],
  ['33 keys', serve(...Array.from({ length: 33 }, (_, n) => ({ ...publicJwk, kid: `${n}` })))],
  ['10,000 keys', serveText(`{"keys":[${'{},'.repeat(9999)}{}]}`)],
  ['one byte over the limit', serveText(good.padEnd(65_537))],
  ['10 MB', serveText('x'.repeat(10_000_000))],
  ['a body without end', endless(new Uint8Array(1024), { count: 0 })],
  ['a redirect', status(302, { location: 'https://evil.example/' })],
  ['a redirect to http', status(301, { location: 'http://issuer.example/' })],
  ['a permanent redirect', status(308, { location: 'http://169.254.169.254/' })],
  ['a redirect that was followed', seemingly({ redirected: true })],
  ['an opaque redirect', seemingly({ status: 0 })],
  ['203', status(203)],
  ['204', status(204)],
  ['206', status(206)],
  ['400', status(400)],
  ['401', status(401)],
  ['404', status(404)],
  ['429', status(429)],
  ['500', status(500)],
  ['503', status(503)],
  ['nothing, ever', silence],
  ['a body that stalls', () => new Response(new ReadableStream(), { headers: json })],
  [
    'a body that breaks off',
    () =>
      new Response(
        new ReadableStream({ start: (controller) => controller.error(new Error('x')) }),
        {
          headers: json,
        },
      ),
  ],
  ['something that is no response', () => ({}) as Response],
  ['an exception', () => Promise.reject(new Error('down'))],
];

const accepted: readonly (readonly [name: string, answer: Answer])[] = [
  ['application/json', type('application/json')],
  ['application/json with a charset', type('application/json; charset=utf-8')],
  ['APPLICATION/JSON', type('APPLICATION/JSON')],
  ['application/jwk-set+json', type('application/jwk-set+json')],
  ['white space around the JSON', serveText(`\r\n\t ${good} \n`)],
  ['exactly the limit of bytes', serveText(good.padEnd(65_536))],
  ['32 keys', serve(jwk, ...Array.from({ length: 31 }, (_, n) => ({ ...publicJwk, kid: `${n}` })))],
  ['unknown members of the set', serveText(good.replace('{', '{"iss":"x","__proto__":{},'))],
  ['a key of unknown type beside it', serve({ kty: 'AKP', alg: 'ML-DSA-44', kid: 'pq' }, jwk)],
  ['a key of unknown type under its kid', serve({ kty: 'AKP', alg: 'ML-DSA-44', kid: 'a' }, jwk)],
  [
    'a body of single bytes',
    () => {
      const bytes = new TextEncoder().encode(good);
      let at = 0;
      const pull = (controller: ReadableStreamDefaultController): void => {
        if (at === bytes.length) controller.close();
        else controller.enqueue(bytes.slice(at, ++at));
      };
      return new Response(new ReadableStream({ pull }), { headers: json });
    },
  ],
];

const weak = { ...publicJwk, x: 'A'.repeat(43), kid: 'a' };
const rsaLike = { kty: 'RSA', n: 'AQ', e: 'AQAB', kid: 'a' };
const collisions: readonly (readonly [name: string, keys: readonly unknown[]])[] = [
  ['the same key', [jwk, jwk]],
  ['a weak key first', [weak, jwk]],
  ['a weak key last', [jwk, weak]],
  ['a weak key of another type', [rsaLike, jwk]],
  ['a key for encryption', [jwk, { ...jwk, use: 'enc' }]],
  ['three times', [jwk, jwk, jwk]],
];

/** Only what never ends has to wait for its deadline: a busy machine fails no other row. */
const deadlineOf = (name: string): { readonly timeout: number } => ({
  timeout: ['nothing, ever', 'a body that stalls'].includes(name) ? 0.3 : 5,
});

export const cases: readonly ContractCase[] = [
  ...failures.flatMap(([name, answer]) => [
    {
      name: `remoteKeys() refuses ${name}`,
      run: async () => {
        const server = keySetServer(answer, deadlineOf(name));
        equal(await outcome(server.keys, query), 'key_unavailable', 'outcome');
        server.answer(serve(jwk));
        server.pass(10);
        equal(await outcome(server.keys, query), 'a', 'after the cool-down');
      },
    },
    {
      name: `remoteKeys() keeps the last good set over ${name}`,
      run: async () => {
        const server = keySetServer(serve(jwk), deadlineOf(name));
        await outcome(server.keys, query);
        server.answer(answer);
        server.pass(300);
        equal(await outcome(server.keys, query), 'a', 'outcome');
        equal(server.calls(), 2, 'calls');
      },
    },
  ]),
  ...accepted.map(([name, answer]) => ({
    name: `remoteKeys() accepts ${name}`,
    run: async () => equal(await outcome(keySetServer(answer).keys, query), 'a', 'outcome'),
  })),
  ...collisions.map(([name, keys]) => ({
    name: `remoteKeys() makes a kid that stands twice unusable: ${name}`,
    run: async () => {
      const other = { ...publicJwk, kid: 'b' };
      const server = keySetServer(serve(...keys, other));
      equal(await outcome(server.keys, query), 'key_unusable', 'the kid');
      equal(await outcome(server.keys, { alg: 'ES256', kid: 'b' }), 'b', 'another');
      equal(await outcome(server.keys, { alg: 'ES256', kid: undefined }), 'b', 'without kid');
    },
  })),
  {
    name: 'remoteKeys() takes __proto__ for a kid like any other',
    run: async () => {
      const server = keySetServer(serve({ ...publicJwk, kid: '__proto__' }));
      equal(await outcome(server.keys, { alg: 'ES256', kid: '__proto__' }), '__proto__', 'outcome');
      equal(
        await outcome(server.keys, { alg: 'ES256', kid: 'constructor' }),
        'key_unknown',
        'other',
      );
      equal(Reflect.get({}, 'alg'), undefined, 'alg of an empty object');
    },
  },
  {
    name: 'remoteKeys() cancels a body that is too large',
    run: async () => {
      const cancelled = { count: 0 };
      const server = keySetServer(endless(new Uint8Array(4096), cancelled));
      equal(await outcome(server.keys, query), 'key_unavailable', 'outcome');
      equal(cancelled.count, 1, 'cancelled');
    },
  },
  {
    name: 'remoteKeys() asks without following redirects, for JSON, with a signal',
    run: async () => {
      let seen: RequestInit | undefined;
      const server = keySetServer((init) => {
        seen = init;
        return Response.json({ keys: [jwk] });
      });
      await outcome(server.keys, query);
      equal(seen?.redirect, 'manual', 'redirect');
      equal(new Headers(seen?.headers).get('accept')?.includes('json'), true, 'accept');
      equal(seen?.signal instanceof AbortSignal, true, 'signal');
    },
  },
];

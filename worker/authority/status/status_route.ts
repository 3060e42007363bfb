// GET /status/{list}: a signed Token Status List, which anybody may check tokens by and keep for a while.

import { CompactSign } from 'jose';
import { createBoundedMap } from '../../bounded_map.ts';
import { createFreshValue, type FreshValue } from '../../fresh_value.ts';
import type { Call, Route } from '../../route.ts';
import { addressOf } from '../http/attempts.ts';
import type { AuthorityContext } from '../context.ts';
import type { MetadataPart } from '../metadata.ts';
import { oauthError } from '../http/oauth_error.ts';
import { createRateWindow, type RateWindow } from '../http/rate_window.ts';
import { statusUri } from './status_uri.ts';

/** How long a reader may keep a list, and until when it counts at all, in seconds. */
const ttl = 30;
const lifetime = 300;
/** How long a signature is used again, in milliseconds. */
const signedFor = 10_000;
/** A list is at most as old as this when it is signed; while its object is down, as the ceiling. */
const freshness = { refreshEvery: 2000, waitBeyond: 5000, patience: 1500 } as const;
const ceiling = 20_000;
const maxLists = 64;
const reads = { perKey: 200, windowMs: 10_000 };
const encoder = new TextEncoder();

/** A list as this isolate knows it; without bits there is none of this number. */
interface HeldList {
  readonly version: number;
  /** The bits, deflated in the format of zlib (RFC 1950), in base64url. */
  readonly lst: string | undefined;
}

interface SignedList {
  readonly held: HeldList;
  readonly issuedAt: number;
  readonly text: string;
}

async function deflate(bits: Uint8Array): Promise<string> {
  const stream = new Blob([bits]).stream().pipeThrough(new CompressionStream('deflate'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Signs lists (Token Status List, section 5.1); the same list again is not signed again for a while. */
function createSignedLists(
  context: AuthorityContext,
): (list: number) => Promise<SignedList | null> {
  const { bindings, config, keys, now, waitUntil } = context;
  const held = createBoundedMap<FreshValue<HeldList>>(maxLists);
  const signed = createBoundedMap<SignedList>(maxLists);

  async function load(list: number, known: HeldList | undefined): Promise<HeldList> {
    const lists = bindings.STATUS_LISTS.getByName(config.issuer);
    const found = await lists.snapshot(list, known?.version ?? -1);
    if (found === null) return { version: -1, lst: undefined };
    if (found !== 'unchanged') return { version: found.version, lst: await deflate(found.bits) };
    if (known === undefined) throw new Error('The lists answered another question');
    return known;
  }

  function find(list: number): FreshValue<HeldList> {
    const name = String(list);
    const known = held.get(name);
    if (known !== undefined) return known;
    const made = createFreshValue<HeldList>({
      load: (before) => load(list, before),
      now,
      waitUntil,
      ...freshness,
    });
    held.set(name, made);
    return made;
  }

  async function sign(list: number, found: HeldList): Promise<SignedList> {
    const { alg, kid, privateKey } = await keys.signer();
    const issuedAt = Math.floor(now() / 1000);
    const claims = {
      iss: config.issuer,
      sub: statusUri(list, config),
      iat: issuedAt,
      exp: issuedAt + lifetime,
      ttl,
      status_list: { bits: 1, lst: found.lst },
    };
    const text = await new CompactSign(encoder.encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg, kid, typ: 'statuslist+jwt' })
      .sign(privateKey);
    const made = { held: found, issuedAt, text };
    signed.set(String(list), made);
    return made;
  }

  return async (list) => {
    const found = await find(list).get(ceiling);
    if (found === undefined) throw new Error('The status lists cannot be reached');
    if (found.lst === undefined) return null;
    const known = signed.get(String(list));
    const age = known === undefined ? Infinity : now() - known.issuedAt * 1000;
    const isGood = known?.held.version === found.version && age >= 0 && age < signedFor;
    return isGood && known !== undefined ? known : sign(list, found);
  };
}

const publicHeaders = {
  'Cache-Control': `public, max-age=${ttl}`,
  'X-Content-Type-Options': 'nosniff',
};

async function serveList(
  request: Request,
  { params }: Call,
  signedList: (list: number) => Promise<SignedList | null>,
  window: RateWindow,
): Promise<Response> {
  const address = addressOf(request);
  if (window.isSpent(address)) return oauthError('rate_limited');
  window.spend(address);
  const name = params['list'] ?? '';
  const found = /^[1-9]\d{0,5}$/.test(name) ? await signedList(Number(name)) : null;
  if (found === null) return oauthError('list_unknown');
  const headers = { ...publicHeaders, ETag: `W/"${found.held.version}-${found.issuedAt}"` };
  const known = (request.headers.get('if-none-match') ?? '').split(',').map((text) => text.trim());
  if (known.includes(headers.ETag)) return new Response(null, { status: 304, headers });
  return new Response(found.text, {
    headers: { ...headers, 'Content-Type': 'application/statuslist+jwt' },
  });
}

/** The rows of the status lists. */
export function statusRoutes(context: AuthorityContext): readonly Route[] {
  const { bindings, config, now } = context;
  const signedList = createSignedLists(context);
  const window = createRateWindow(now, reads);
  return [
    {
      path: '/status/:list',
      cors: 'any',
      methods: { GET: { open: (request, call) => serveList(request, call, signedList, window) } },
    },
    {
      // Token Status List, section 9.3
      path: '/status',
      cors: 'any',
      methods: {
        GET: {
          async open(request) {
            const address = addressOf(request);
            if (window.isSpent(address)) return oauthError('rate_limited');
            window.spend(address);
            const lists = await bindings.STATUS_LISTS.getByName(config.issuer).lists();
            const uris = lists.map((list) => statusUri(list, config));
            return Response.json({ status_lists: uris }, { headers: publicHeaders });
          },
        },
      },
    },
  ];
}

/** Token Status List, section 9.2. */
export const statusMetadata: MetadataPart = ({ config: { publicUrl } }) => ({
  status_list_aggregation_endpoint: `${publicUrl}/status`,
});

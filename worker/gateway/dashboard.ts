// The dashboard's files, under a policy that lets the page load nothing from elsewhere and run nothing inline.

import { TokenError } from '../../src/verify/index.ts';
import type { Route } from '../route.ts';

const prefix = '/dashboard';

// Trusted Types: no string becomes script or markup. The page styles itself through the object model.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const headers: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Assets carry a hash of their content in their names; the page itself does not. */
const forever = 'public, max-age=31536000, immutable';

/** The page that verifies tokens without a gateway. */
const standalone = '/verify.html';

/** What is served, and as what: nothing else is, such as the listing of a folder. */
const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

function typeOf(file: string): string {
  const [, ending = ''] = /^(?:\/[\w-]+)?\/[\w-]+\.([a-z]+)$/.exec(file) ?? [];
  const type = Object.hasOwn(types, ending) ? types[ending] : undefined;
  if (type === undefined) throw new TokenError('route_unknown');
  return type;
}

async function serveFile(assets: Fetcher, request: Request, path: string): Promise<Response> {
  const named = path.slice(prefix.length);
  const file = named === '/' ? '/index.html' : named;
  const type = typeOf(file);
  // Only what decides about the representation goes on: no credential reaches the asset server
  const asked = new Headers();
  for (const name of ['accept-encoding', 'if-none-match', 'range']) {
    const value = request.headers.get(name);
    if (value !== null) asked.set(name, value);
  }
  const url = new URL(file, 'https://assets.invalid');
  const found = await assets.fetch(new Request(url, { headers: asked }));
  if (found.status === 404) throw new TokenError('route_unknown');
  const response = new Response(found.body, found);
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  response.headers.set('content-type', type);
  const caching = found.ok && file.startsWith('/assets/') ? forever : 'no-cache';
  response.headers.set('cache-control', caching);
  // It has a policy of its own inside, and is to be kept, not to be shown by this origin
  if (file === standalone) {
    response.headers.set('content-disposition', 'attachment; filename="swarmgate-verify.html"');
  }
  return response;
}

/** The routes of the dashboard; none where the Worker was deployed without its files. */
export function dashboardRoutes(assets: Fetcher | undefined, publicUrl: string): readonly Route[] {
  if (assets === undefined) return [];
  // Not Response.redirect: its headers are fixed, and CORS has to add to them
  const toPage = {
    open: () =>
      new Response(null, { status: 308, headers: { location: `${publicUrl}${prefix}/` } }),
  } as const;
  const file = {
    open: (request: Request, { url }: { readonly url: string }) =>
      serveFile(assets, request, new URL(url).pathname),
  } as const;
  return [
    { path: prefix, methods: { GET: toPage } },
    { path: `${prefix}/*`, methods: { GET: file } },
  ];
}

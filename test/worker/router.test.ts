// The router: which route a canonical path leads to, and what the path names in it

import { describe, expect, it } from 'vitest';
import type { Route } from '../../worker/route.ts';
import { createRouter } from '../../worker/gateway/router.ts';

const table = (...paths: readonly string[]): readonly Route[] =>
  paths.map((path) => ({ path, methods: { GET: { public: 'health' } } }));

const find = (routes: readonly Route[], path: string): unknown => {
  const found = createRouter(routes)(path);
  return found && [found.route.path, found.params];
};

describe('createRouter()', () => {
  const routes = table('/whoami', '/admin/keys', '/admin/keys/rotate', '/admin/keys/:kid/end');

  it.each<readonly [path: string, route: string, params: object]>([
    ['/whoami', '/whoami', {}],
    ['/admin/keys', '/admin/keys', {}],
    ['/admin/keys/rotate', '/admin/keys/rotate', {}],
    ['/admin/keys/k-1/end', '/admin/keys/:kid/end', { kid: 'k-1' }],
    ['/admin/keys/:kid/end', '/admin/keys/:kid/end', { kid: ':kid' }],
    ['/admin/keys/__proto__/end', '/admin/keys/:kid/end', { kid: '__proto__' }],
    ['/admin/keys/a%20b%C3%A9/end', '/admin/keys/:kid/end', { kid: 'a bé' }],
  ])('finds the route of %s', (path, route, params) => {
    expect(find(routes, path)).toEqual([route, params]);
  });

  it.each([
    '/',
    '/whoami/',
    '/Whoami',
    '/admin',
    '/admin/keys/',
    '/admin/keys/a/b/end',
    '/*',
    '/__proto__',
  ])('finds nothing at %s', (path) => {
    expect(find(routes, path)).toBeUndefined();
  });

  it('finds what lies below a prefix, at any depth', () => {
    const below = table('/tools', '/tools/*');
    expect(find(below, '/tools')).toEqual(['/tools', {}]);
    expect(find(below, '/tools/a')).toEqual(['/tools/*', {}]);
    expect(find(below, '/tools/a/b/c')).toEqual(['/tools/*', {}]);
    expect(find(below, '/toolsmith')).toBeUndefined();
  });

  it('takes the first of several routes that match', () => {
    expect(find(table('/agents/:id', '/agents/self'), '/agents/self')).toEqual([
      '/agents/:id',
      { id: 'self' },
    ]);
    expect(find(table('/agents/self', '/agents/:id'), '/agents/self')).toEqual([
      '/agents/self',
      {},
    ]);
  });

  it('tells apart what begins alike', () => {
    const mixed = table('/a/:x/c', '/a/b/:y', '/a/:z/:w');
    expect(find(mixed, '/a/b/c')).toEqual(['/a/:x/c', { x: 'b' }]);
    expect(find(mixed, '/a/b/d')).toEqual(['/a/b/:y', { y: 'd' }]);
    expect(find(mixed, '/a/q/r')).toEqual(['/a/:z/:w', { z: 'q', w: 'r' }]);
  });
});

// Finds the route of a path: a router of Hono, which needs nothing else of it.

import { METHOD_NAME_ALL } from 'hono/router';
import { TrieRouter } from 'hono/router/trie-router';
import type { Route } from '../route.ts';

/** A route, and what the path names in it. */
export interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the route of a canonical path: of several that match, the first of the table. */
export type Router = (path: string) => Found | undefined;

/** Makes the router of a table of routes. */
export function createRouter(routes: readonly Route[]): Router {
  const router = new TrieRouter<Route>();
  for (const route of routes) router.add(METHOD_NAME_ALL, route.path, route);

  function find(path: string): Found | undefined {
    const [[match]] = router.match(METHOD_NAME_ALL, path);
    if (match === undefined) return undefined;
    const [route, named] = match;
    // A canonical path has good escapes only
    const params = Object.entries(named).map(([name, text]): [string, string] => [
      name,
      decodeURIComponent(String(text)),
    ]);
    return { route, params: Object.freeze(Object.fromEntries(params)) };
  }

  // Most requests are for a path that is in the table as it stands: its answer is always the same
  const known = new Map(routes.map(({ path }) => [path, find(path)]));
  return (path) => known.get(path) ?? find(path);
}

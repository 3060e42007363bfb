// Finds the route of a path: the router of Hono, which needs nothing else of it.

import { METHOD_NAME_ALL } from 'hono/router';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { SmartRouter } from 'hono/router/smart-router';
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
  // The second takes what the first, which is faster, cannot express
  const router = new SmartRouter<Route>({ routers: [new RegExpRouter(), new TrieRouter()] });
  for (const route of routes) router.add(METHOD_NAME_ALL, route.path, route);

  const find: Router = (path) => {
    const [matches, captured] = router.match(METHOD_NAME_ALL, path);
    const [match] = matches;
    if (match === undefined) return undefined;
    const [route, named] = match;
    const params = Object.entries(named).map(([name, value]: [string, string | number]) => {
      const text = typeof value === 'number' ? captured?.[value] : value;
      // A canonical path has good escapes only
      return [name, decodeURIComponent(text ?? '')] as const;
    });
    return { route, params: Object.freeze(Object.fromEntries(params)) };
  };

  // Most requests are for a path that is in the table as it stands: its answer is always the same
  const exact = new Map(
    routes.flatMap(({ path }) => (/[:*{?]/.test(path) ? [] : [[path, find(path)] as const])),
  );
  return (path) => exact.get(path) ?? find(path);
}

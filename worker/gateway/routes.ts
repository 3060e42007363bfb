// The routes as a table: path, method, the scope without which nobody gets past, and what it leads to.

import type { TargetName } from './forward.ts';

/** What one method of a route does. */
export type Endpoint =
  | { readonly public: 'health' }
  | {
      /** `resource:action` that the agent must hold in some form; `undefined`: any valid token. */
      readonly scope: string | undefined;
      readonly target: TargetName;
    };

/** One path, in the router's notation. */
export interface Route {
  readonly path: string;
  /** By method. HEAD is served as GET is, and needs no row. */
  readonly methods: Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', Endpoint>>>;
}

export const routes: readonly Route[] = [
  { path: '/health', methods: { GET: { public: 'health' } } },
  { path: '/whoami', methods: { GET: { scope: undefined, target: 'whoami' } } },
  {
    path: '/bus/messages',
    methods: {
      GET: { scope: 'bus:receive', target: 'bus_receive' },
      POST: { scope: 'bus:publish', target: 'bus_send' },
    },
  },
  {
    path: '/bus/messages/:id',
    methods: { DELETE: { scope: 'bus:receive', target: 'bus_acknowledge' } },
  },
  { path: '/bus/status', methods: { GET: { scope: undefined, target: 'bus_status' } } },
];

/** The methods that a route answers, for `Allow`. */
export function allowedMethods({ methods }: Route): readonly string[] {
  return Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

/** What a method of a route does, if it has it. */
export function endpointOf({ methods }: Route, method: string): Endpoint | undefined {
  const name = method === 'HEAD' ? 'GET' : method;
  return Object.hasOwn(methods, name) ? methods[name as keyof Route['methods']] : undefined;
}

// Route: one path of the table, what each of its methods needs, and what it leads to.

import type { Note } from './observe/watch.ts';
import type { Target, TargetName } from './target.ts';

/** A request as the table matched it. */
export interface Call {
  /** The URL that a proof must name: the public origin and the canonical path. */
  readonly url: string;
  /** What the path names. */
  readonly params: Readonly<Record<string, string>>;
  /** Tells what is decided: without it the request is no decision, and leaves no record. */
  readonly note: (note: Note) => void;
}

/** Answers a request that brings no agent token, or that must say itself who asks. */
export type OpenHandler = (request: Request, call: Call) => Response | Promise<Response>;

/** A protected resource of its own (RFC 9728). */
export interface Resource {
  /** What tokens must be for. */
  readonly audience: string;
  /** Where its metadata is: what follows `/.well-known/oauth-protected-resource`. */
  readonly path: string;
}

/** What one method of a route does. */
export type Endpoint =
  | { readonly public: 'health' }
  | { readonly open: OpenHandler }
  | {
      /** `resource:action` that the agent must hold in some form, or several; `undefined`: any valid token. */
      readonly scope: string | readonly string[] | undefined;
      readonly target: TargetName | Target;
      /** The endpoint opens a WebSocket: nothing but an upgrade is served. */
      readonly upgrade?: true;
      /** `always`: a token that is not bound to a key is refused. Default: bound ones need a proof. */
      readonly dpop?: 'always';
      /** The tiers whose agents may use it. Default: all. */
      readonly tiers?: readonly string[] | undefined;
      /** The resource that it is, where that is not the gateway. */
      readonly resource?: Resource | undefined;
    };

/** The methods that routes have. HEAD is served as GET is, and needs no row. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One path, in the router's notation. */
export interface Route {
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, Endpoint>>>;
  /** `any`: a public document that pages of every origin may read. Default: the allowed origins. */
  readonly cors?: 'any';
}

/** The methods that a route answers, for `Allow`. */
export function allowedMethods({ methods }: Route): readonly string[] {
  return Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

/** What a method of a route does, if it has it. */
export function endpointOf({ methods }: Route, method: string): Endpoint | undefined {
  const name = method === 'HEAD' ? 'GET' : method;
  return Object.hasOwn(methods, name) ? methods[name as Method] : undefined;
}

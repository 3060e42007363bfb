// One row of ROUTES as it is written: its members, each with its form.

import * as v from 'valibot';
import { isScope } from '../src/verify/index.ts';
import { isSecure } from './env_values.ts';

/** The methods that a configured route may have. */
export const upstreamMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** One of them. */
export type UpstreamMethod = (typeof upstreamMethods)[number];

/** A size in bytes. */
export const mebibyte = 1_048_576;

const maxRoutes = 64;

/** The first segments of the gateway's own paths, which no configured route may begin with. */
export const ownSegments: ReadonlySet<string> = new Set([
  '.well-known',
  'admin',
  'agents',
  'authorize',
  'bus',
  'dashboard',
  'enroll',
  'health',
  'introspect',
  'metrics',
  'revocations',
  'revoke',
  'status',
  'token',
  'whoami',
]);

const whole = (min: number, max: number): v.GenericSchema<unknown, number> =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be whole'),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  );
const flag = v.optional(v.boolean('must be true or false'), false);
const differ = (values: string[]): boolean => new Set(values).size === values.length;

const upstream = v.pipe(
  v.string('must be text'),
  v.check(isSecure, 'must be an https URL (http on loopback only) without a user or a fragment'),
  v.check((url) => !url.includes('?'), 'must not have a query'),
  v.check(
    // Written as it is used: what a URL parser would change has two readings
    (url) => [url, `${url}/`].includes(new URL(url).href),
    'must be written as URLs are serialized: lower-case host, no default port, no dot segments',
  ),
  v.check((url) => !/[%;\\]|\/\//.test(new URL(url).pathname), 'must have a plain path'),
);

/** A row whose members are well-formed. */
export interface WrittenRoute {
  readonly prefix: string;
  readonly upstream: string;
  readonly service?: string | undefined;
  readonly methods?: readonly UpstreamMethod[] | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly tiers?: readonly string[] | undefined;
  readonly dpop: 'optional' | 'required';
  readonly timeout: number;
  readonly idle_timeout: number;
  readonly max_request_bytes?: number | undefined;
  readonly max_response_bytes?: number | undefined;
  readonly audience?: string | undefined;
  readonly trusted: boolean;
  readonly mcp: boolean;
}

const entry: v.GenericSchema<unknown, WrittenRoute> = v.strictObject({
  prefix: v.pipe(
    v.string('must be text'),
    v.regex(
      /^(?:\/[A-Za-z0-9_-](?:[A-Za-z0-9._~-]*[A-Za-z0-9_~-])?)+$/,
      'must be a path of plain segments, without a final slash',
    ),
    v.maxLength(256, 'must be at most 256 characters'),
    v.check(
      (prefix) => !ownSegments.has((prefix.split('/')[1] ?? '').toLowerCase()),
      "must not begin with a path of the gateway's own",
    ),
  ),
  upstream,
  service: v.optional(
    v.pipe(
      v.string('must be text'),
      v.regex(/^[A-Za-z_$][\w$]{0,127}$/, 'must be the name of a binding'),
    ),
  ),
  methods: v.optional(
    v.pipe(
      v.array(
        v.picklist(upstreamMethods, `must be one of ${upstreamMethods.join(', ')}`),
        'must be a list of methods',
      ),
      v.minLength(1, 'must not be empty'),
      v.check((methods) => differ(methods), 'must not name a method twice'),
    ),
  ),
  scopes: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          v.string('must be text'),
          v.check((scope) => isScope(scope), 'must be a scope'),
        ),
        'must be a list of scopes',
      ),
      v.maxLength(16, 'must hold at most 16 scopes'),
      v.check(differ, 'must not name a scope twice'),
    ),
  ),
  tiers: v.optional(
    v.pipe(
      v.array(v.string('must be text'), 'must be a list of tiers'),
      v.minLength(1, 'must not be empty'),
      v.check(differ, 'must not name a tier twice'),
    ),
  ),
  dpop: v.optional(
    v.picklist(['optional', 'required'], 'must be "optional" or "required"'),
    'optional',
  ),
  timeout: v.optional(whole(1, 300), 30),
  idle_timeout: v.optional(whole(1, 600), 60),
  max_request_bytes: v.optional(whole(0, 100 * mebibyte)),
  max_response_bytes: v.optional(whole(1, 4096 * mebibyte)),
  audience: v.optional(
    v.pipe(
      v.string('must be text'),
      v.regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/, 'must be printable, at most 512 characters'),
      v.check((value) => value !== '*', 'must be one exact audience'),
    ),
  ),
  trusted: flag,
  mcp: flag,
});

/** The whole list. */
export const writtenRoutes: v.GenericSchema<unknown, WrittenRoute[]> = v.pipe(
  v.array(entry, 'must be a JSON array'),
  v.maxLength(maxRoutes, `must hold at most ${maxRoutes} routes`),
);

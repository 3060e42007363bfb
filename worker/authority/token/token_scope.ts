// What a token request asks for: scopes that the client may have, and one target.

import { covers, isScope } from '../../../src/verify/index.ts';
import type { Config } from '../../env.ts';
import type { Form } from '../http/form.ts';
import type { Registration } from '../agent/registration.ts';

/**
 * The scopes to grant: those asked for, if the registration covers each; all of the registration
 * where none is named (RFC 6749 section 3.3). `undefined`: malformed, or more than is allowed.
 */
export function grantedScope(
  asked: string | undefined,
  { scope }: Pick<Registration, 'scope'>,
): readonly string[] | undefined {
  if (asked === undefined) return scope;
  const wanted = [...new Set(asked.split(' '))];
  const allowed = wanted.every((want) => isScope(want) && scope.some((have) => covers(have, want)));
  return allowed ? wanted : undefined;
}

/**
 * The audience to issue for. `resource` (RFC 8707) and `audience` name the same targets: the bus by
 * AUDIENCE, the gateway by PUBLIC_URL, a configured route by its own audience. The token says what was asked for; nothing named is AUDIENCE.
 *
 * @returns `undefined` for an unknown target, and for several
 */
export function grantedAudience(
  form: Form,
  config: Pick<Config, 'audience' | 'publicUrl' | 'routes'>,
): string | undefined {
  const asked = [form.get('resource'), form.get('audience')].filter((name) => name !== undefined);
  const [name, other] = asked;
  const { audience, publicUrl } = config;
  if (name === undefined) return audience;
  if (other !== undefined) return undefined;
  // A URL library writes an origin with a slash (RFC 3986 section 6.2.3): it is the same resource
  if (name === publicUrl || name === `${publicUrl}/`) return publicUrl;
  return targetsOf(config).includes(name) ? name : undefined;
}

/** Everything that tokens can be for, the default first. */
export function targetsOf({
  audience,
  publicUrl,
  routes,
}: Pick<Config, 'audience' | 'publicUrl' | 'routes'>): readonly string[] {
  return [audience, publicUrl, ...routes.flatMap((route) => route.audience ?? [])];
}

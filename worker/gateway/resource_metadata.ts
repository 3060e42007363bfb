// GET /.well-known/oauth-protected-resource (RFC 9728): whose tokens this gateway takes, and how.

import type { Config } from '../env.ts';
import type { UpstreamRoute } from '../env_routes.ts';
import { isSecureOrigin } from '../env_values.ts';
import { publicDocument } from '../public_document.ts';
import type { Route } from '../route.ts';

/** How long a client may keep it, in seconds. */
const maxAge = 300;

/** The authorities that clients can ask for tokens: those of engine tokens have no address. */
function authorizationServers({ authority, issuer, trustedIssuers }: Config): readonly string[] {
  const others = trustedIssuers
    .filter((trusted) => trusted.profile === 'at+jwt')
    .map((trusted) => trusted.issuer)
    .filter((name) => isSecureOrigin(name));
  return authority === undefined ? others : [issuer, ...others];
}

/** The rows of the metadata. */
export function resourceMetadataRoutes(config: Config): readonly Route[] {
  const apart = config.routes.filter(({ audience }) => audience !== undefined);
  const together = config.routes.filter(({ audience }) => audience === undefined);
  const own = row('', {
    ...shared(config),
    resource: config.publicUrl,
    scopes_supported: [...new Set([...busScopes, ...together.flatMap(({ scopes }) => scopes)])],
  });
  return [own, ...apart.map((route) => row(route.prefix, describe(route, config)))];
}

const busScopes = [
  'bus:publish',
  'bus:receive',
  'bus:broadcast',
  'bus:veto',
  'bus:represent',
  'bus:status',
];

const shared = (config: Config): object => ({
  authorization_servers: authorizationServers(config),
  bearer_methods_supported: ['header'],
  dpop_signing_alg_values_supported: ['ES256', 'Ed25519'],
});

/** A resource of its own. Which tools a server has, the gateway does not know: `mcp:call` stands for all. */
function describe({ audience, scopes, mcp, dpop }: UpstreamRoute, config: Config): object {
  return {
    ...shared(config),
    resource: audience,
    scopes_supported: mcp ? [...scopes, 'mcp:call'] : scopes,
    ...(dpop === 'required' ? { dpop_bound_access_tokens_required: true } : {}),
  };
}

function row(path: string, document: object): Route {
  return {
    path: `/.well-known/oauth-protected-resource${path}`,
    cors: 'any',
    methods: { GET: { open: (request) => publicDocument(request, document, maxAge) } },
  };
}

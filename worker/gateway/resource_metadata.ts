// GET /.well-known/oauth-protected-resource (RFC 9728): whose tokens this gateway takes, and how.

import type { Config } from '../env.ts';
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
  const document = {
    resource: config.publicUrl,
    authorization_servers: authorizationServers(config),
    scopes_supported: [
      'bus:publish',
      'bus:receive',
      'bus:broadcast',
      'bus:veto',
      'bus:represent',
      'bus:status',
    ],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: ['ES256', 'Ed25519'],
  };
  return [
    {
      path: '/.well-known/oauth-protected-resource',
      cors: 'any',
      methods: { GET: { open: (request) => publicDocument(request, document, maxAge) } },
    },
  ];
}

// GET /.well-known/oauth-authorization-server (RFC 8414): what is supported, and nothing else.

import { isSecure } from '../env_values.ts';
import type { Route } from '../route.ts';
import { assertionAlgorithms } from './token/client_assertion.ts';
import type { AuthorityContext } from './context.ts';
import { publicDocument } from '../public_document.ts';
import { grantTypes } from './token/token.ts';

/** Members that other modules have because they have the endpoints. */
export type MetadataPart = (context: AuthorityContext) => Readonly<Record<string, unknown>>;

/** How long a client may keep the metadata, in seconds. */
const maxAge = 300;

/** How clients authenticate at an endpoint of ours. */
export function clientAuthenticationOf(endpoint: string): Readonly<Record<string, unknown>> {
  return {
    [`${endpoint}_auth_methods_supported`]: ['private_key_jwt'],
    [`${endpoint}_auth_signing_alg_values_supported`]: assertionAlgorithms,
  };
}

function metadata(context: AuthorityContext, parts: readonly MetadataPart[]): object {
  const { issuer, publicUrl } = context.config;
  return {
    issuer,
    // No response type is supported; some clients do not read metadata without the endpoint
    authorization_endpoint: `${publicUrl}/authorize`,
    response_types_supported: [],
    token_endpoint: `${publicUrl}/token`,
    jwks_uri: `${publicUrl}/.well-known/jwks.json`,
    grant_types_supported: grantTypes,
    ...clientAuthenticationOf('token_endpoint'),
    dpop_signing_alg_values_supported: ['ES256', 'Ed25519'],
    protected_resources: [publicUrl, ...routesApart(context)],
    ...Object.fromEntries(parts.flatMap((part) => Object.entries(part(context)))),
  };
}

/** The resources of configured routes that have their own (RFC 9728 section 4 wants URLs). */
function routesApart({ config }: AuthorityContext): readonly string[] {
  const audiences = config.routes.flatMap(({ audience }) => audience ?? []);
  return [...new Set(audiences)].filter((name) => name !== config.publicUrl && isSecure(name));
}

/** The rows of the metadata. */
export function metadataRoutes(
  context: AuthorityContext,
  parts: readonly MetadataPart[],
): readonly Route[] {
  const document = metadata(context, parts);
  return [
    {
      path: '/.well-known/oauth-authorization-server',
      cors: 'any',
      methods: { GET: { open: (request) => publicDocument(request, document, maxAge) } },
    },
  ];
}

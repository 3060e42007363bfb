// The routes of revocation, as rows of the authority's table.

import type { Route } from '../../route.ts';

import type { AuthorityContext } from '../context.ts';
import { serveIntrospect } from './introspect.ts';
import { clientAuthenticationOf, type MetadataPart } from '../metadata.ts';
import { createRateWindow } from '../http/rate_window.ts';
import { feedRoute } from './revocation_feed.ts';
import { listRevocationsTarget, revokeTarget } from './revocations_admin.ts';
import { serveRevoke } from './revoke.ts';

/** What one client may ask about in vain. */
const guessLimits = { perKey: 100, windowMs: 10_000 };

/** The rows of revocation. */
export function revocationRoutes(context: AuthorityContext): readonly Route[] {
  const guesses = createRateWindow(context.now, guessLimits);
  return [
    feedRoute(context),
    {
      path: '/revoke',
      methods: { POST: { open: (request, call) => serveRevoke(request, call, context) } },
    },
    {
      path: '/introspect',
      methods: {
        POST: { open: (request, call) => serveIntrospect(request, call, context, guesses) },
      },
    },
    {
      path: '/admin/revocations',
      methods: {
        GET: { scope: 'admin:read', dpop: 'always', target: listRevocationsTarget(context) },
        POST: { scope: 'admin:write', dpop: 'always', target: revokeTarget(context) },
      },
    },
  ];
}

/** RFC 8414 section 2, RFC 9701 section 7. */
export const revocationMetadata: MetadataPart = ({ config: { publicUrl } }) => ({
  revocation_endpoint: `${publicUrl}/revoke`,
  ...clientAuthenticationOf('revocation_endpoint'),
  introspection_endpoint: `${publicUrl}/introspect`,
  ...clientAuthenticationOf('introspection_endpoint'),
  introspection_signing_alg_values_supported: ['ES256'],
});

// The issuer's keys over HTTP: the public set for everybody, their states and what operators may do.

import { json } from '../../respond.ts';
import type { Route } from '../../route.ts';
import type { Target } from '../../target.ts';
import type { AuthorityContext } from '../context.ts';
import { publicDocument } from '../../public_document.ts';
import { refuse } from '../http/refusal.ts';
import { longestLife, recordRevocation } from '../revoke/revocations.ts';
import { takeOutKey } from './signing_keys.ts';

/** How long others may keep the set: half of the time for which a key is in it before it signs. */
const maxCacheSeconds = 300;

/** The rows of the key ring. */
export function keyRoutes(context: AuthorityContext): readonly Route[] {
  return [
    {
      path: '/.well-known/jwks.json',
      cors: 'any',
      methods: { GET: { open: (request) => serveKeySet(request, context) } },
    },
    {
      path: '/admin/keys',
      methods: { GET: { scope: 'admin:read', dpop: 'always', target: listTarget(context) } },
    },
    {
      path: '/admin/keys/rotate',
      methods: { POST: { scope: 'admin:write', dpop: 'always', target: rotateTarget(context) } },
    },
    {
      path: '/admin/keys/:kid/compromise',
      methods: {
        POST: { scope: 'admin:write', dpop: 'always', target: compromiseTarget(context) },
      },
    },
  ];
}

async function serveKeySet(
  request: Request,
  { keys, settings }: AuthorityContext,
): Promise<Response> {
  const maxAge = Math.min(maxCacheSeconds, Math.floor(settings.rotation.publishFor / 2));
  return publicDocument(request, { keys: await keys.published() }, maxAge);
}

const stub = ({ bindings, config }: AuthorityContext) => bindings.KEY_RING.getByName(config.issuer);

const shown = <Key extends { readonly madeAt: number }>({ madeAt, ...key }: Key): object => ({
  ...key,
  made_at: madeAt,
});

function listTarget(context: AuthorityContext): Target {
  return {
    read: () => ({
      required: ['admin:read'],
      async run() {
        const ring = stub(context);
        const [keys, services] = await Promise.all([ring.list(), ring.listServices()]);
        return json({ keys: keys.map(shown), service_keys: services.map(shown) });
      },
    }),
  };
}

function rotateTarget(context: AuthorityContext): Target {
  return {
    read: () => ({
      required: ['admin:write'],
      run: async () => {
        const keys = await stub(context).rotate();
        context.keys.invalidate();
        return json({ keys: keys.map(shown) });
      },
    }),
  };
}

/**
 * Marks a key as compromised. What it signed is revoked first, durably: should the rest fail, the
 * operator sees that and asks again, and meanwhile nobody accepts anything of that key.
 */
function compromiseTarget(context: AuthorityContext): Target {
  return {
    read: ({ agent, params: { kid = '' } }) => ({
      required: ['admin:write'],
      about: kid,
      async run() {
        const { bindings, config, now } = context;
        const ring = stub(context);
        const known = [...(await ring.list()), ...(await ring.listServices())];
        if (!known.some((key) => key.kid === kid)) return refuse('signing_key_unknown');
        const recorded = await recordRevocation(bindings, config, {
          kind: 'key',
          value: kid,
          expiresAt: Math.ceil(now() / 1000) + longestLife,
          reason: 'compromised',
          by: agent.agentId,
        });
        await takeOutKey(context, kid);
        return json(recorded);
      },
    }),
  };
}

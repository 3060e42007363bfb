// A Worker whose requests share one remote key source; one kind of request leaves before its keys arrive

import { remoteKeys } from '../../src/keys/remote.ts';

const keys = remoteKeys('https://issuer.example/jwks', { timeout: 1.5 });

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

async function find(): Promise<Response> {
  const { kid = '' } = await keys.find({ alg: 'ES256', kid: 'a' });
  return new Response(kid);
}

export default {
  fetch(request: Request, _env: unknown, context: Context): Response | Promise<Response> {
    switch (new URL(request.url).pathname) {
      case '/leave':
        find().catch(() => {});
        return new Response('left');
      case '/leave-kept':
        keys.refresh({ waitUntil: (work) => context.waitUntil(work) }).catch(() => {});
        return new Response('left');
      default:
        return find();
    }
  },
};

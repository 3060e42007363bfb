// The gateway's own routes as a table; those of the authority stand beside it when it is on.

import type { BusConfig } from '../env_bus.ts';
import type { Route } from '../route.ts';

const routes: readonly Route[] = [
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
  {
    path: '/bus/connect',
    methods: { GET: { scope: undefined, upgrade: true, target: 'bus_connect' } },
  },
  { path: '/bus/status', methods: { GET: { scope: undefined, target: 'bus_status' } } },
];

/** The gateway's own routes with a bus: sockets hang in the mailboxes of the embedded one alone. */
export function routesWith({ kind }: BusConfig): readonly Route[] {
  return kind === 'durable' ? routes : routes.filter(({ path }) => path !== '/bus/connect');
}

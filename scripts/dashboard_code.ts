// A one-time code with which a browser becomes an operator's, for `npm start` to print

import { randomBytes } from 'node:crypto';
import { operatorCalls, type Stage } from './demo_swarm.ts';

/** Makes a code for an operator of the dashboard, who may look and change. */
export async function dashboardCode(stage: Stage): Promise<string> {
  const response = await operatorCalls(stage)('POST', '/admin/enrollments', {
    // A code that nobody used must not stand in the way of the next one
    id: `dashboard-${randomBytes(3).toString('hex')}`,
    tier: 'power',
    scope: ['admin:read', 'admin:write'],
    dpop: 'required',
  });
  const { code } = (await response.json()) as { readonly code?: unknown };
  if (typeof code !== 'string') throw new Error(`No code: the gateway answered ${response.status}`);
  return code;
}

/** The lines that say where the dashboard is, and how to get in. */
export const dashboardLines = (url: string, code: string): string =>
  [
    `Dashboard      ${url}/dashboard/`,
    `One-time code  ${code}   (15 minutes, for one browser; restart for another)`,
  ].join('\n');

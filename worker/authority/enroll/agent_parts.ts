// What the routes that manage agents work with, out of what the authority's modules share.

import type { AuthorityContext } from '../context.ts';
import type { FindParts } from './operator.ts';
import { recordRevocation } from '../revoke/revocations.ts';

const defaultTiers = ['fast', 'power'];

/** The parts of one authority. */
export function agentParts({
  config,
  settings,
  bindings,
  now,
}: Pick<AuthorityContext, 'config' | 'settings' | 'bindings' | 'now'>): FindParts {
  return {
    agents: bindings.AGENT,
    directory: bindings.DIRECTORY,
    revoke: (request) => recordRevocation(bindings, config, request),
    now,
    operatorJwk: settings.operatorJwk,
    tiers: config.tiers ?? defaultTiers,
  };
}

// Agent ids in paths: `/` is written `~`, which no id has and no URL escapes.

import { isAgentId } from '../../../src/verify/index.ts';

/** The id that a path segment names; `undefined` when it names none. */
export function idFromPath(segment: string | undefined): string | undefined {
  if (segment === undefined || segment.includes('/')) return undefined;
  const id = segment.replaceAll('~', '/');
  return isAgentId(id) ? id : undefined;
}

// What the audit log hears of a key ring that changes by itself: keys made, moved, and taken out.

import type { Config } from '../../env.ts';
import type { AuditLog } from '../../observe/audit_log.ts';
import { createObserver } from '../../observe/observer.ts';
import { traceOf } from '../../observe/trace.ts';
import type { RingKey } from './key_ring_store.ts';

/** Records what differs between two looks at a ring. */
export type RecordKeys = (before: readonly RingKey[], after: readonly RingKey[]) => void;

/** Makes the record of a ring; one whose Worker has no audit log keeps none. */
export function createKeyRecord(
  env: object,
  { audit }: Pick<Config, 'audit'>,
  waitUntil: (work: Promise<unknown>) => void,
): RecordKeys {
  const { AUDIT_LOG: namespace } = env as {
    readonly AUDIT_LOG?: DurableObjectNamespace<AuditLog>;
  };
  if (namespace === undefined) return () => undefined;
  const now = (): number => Date.now();
  // A key must come and go whether or not its record is durable
  const settings = { mode: 'best-effort', shards: audit.shards } as const;
  const observer = createObserver({ audit: settings, namespace, now, waitUntil });

  return (before, after) => {
    const states = new Map(before.map(({ kid, state }) => [kid, state]));
    for (const { kid, state, compromised } of after) {
      if (states.get(kid) === state) continue;
      void observer.record({
        at: now(),
        via: 'authority',
        trace: traceOf(null),
        route: 'key_ring',
        method: state,
        who: undefined,
        action: compromised ? 'key:compromise' : 'key:rotate',
        resource: kid,
        allowed: true,
        code: undefined,
        status: undefined,
      });
    }
  };
}

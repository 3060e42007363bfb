// Pushes a log's records to the shards of Connections, in order, until each has acknowledged them.

import type { Connections } from '../../bus/connections.ts';
import type { RevocationPushStore } from './revocation_push_store.ts';

/** What pushing needs. */
export interface RevocationPushOptions {
  readonly store: RevocationPushStore;
  readonly shards: DurableObjectNamespace<Connections>;
}

/** Pushes on demand. */
export interface RevocationPush {
  /** Tells every shard what it has not heard; never rejects. What fails stays to be told. */
  run(): Promise<void>;
  /** Whether somebody has something left to hear. */
  isDue(): boolean;
}

const recordsAtOnce = 200;

/** Makes the pushing of one log's object. */
export function createRevocationPush({ store, shards }: RevocationPushOptions): RevocationPush {
  // One call for each shard at a time: what is recorded meanwhile goes with the next one
  const running = new Set<string>();

  async function tell(shard: string): Promise<void> {
    for (;;) {
      const follower = store.behind().find((each) => each.shard === shard);
      if (follower === undefined) return;
      const { generation, acked } = follower;
      const head = store.head();
      const records = store.records(acked, recordsAtOnce);
      const last = records.length < recordsAtOnce ? head : (records.at(-1)?.seq ?? head);
      const goesOn = records.length === 0 || (await shards.getByName(shard).revoke(records));
      if (goesOn) store.ack(shard, last);
      else store.unfollow(shard, generation);
    }
  }

  return {
    async run() {
      const due = store.behind().filter(({ shard }) => !running.has(shard));
      await Promise.allSettled(
        due.map(async ({ shard }) => {
          running.add(shard);
          try {
            await tell(shard);
          } finally {
            running.delete(shard);
          }
        }),
      );
    },

    isDue: () => store.behind().length > 0,
  };
}

// `swarmgate bridge` killed at random moments while it works, 40 or 200: nothing is lost, nothing comes twice

import { readFileSync, renameSync, unlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  listMessages,
  makeMessage,
  post,
  startBridgePlace,
  type BridgePlace,
  type Side,
} from './bridge_place.ts';
import { times } from '../support/long_form.ts';

/** Four bridges are killed at the same time, each so often. */
const killsOfEach = times({ short: 10, long: 50 });
/** What waits on its way at most: no message may be older than a minute when it is sent. */
const most = 20;

/** An agent on one side, and the one elsewhere that it writes to. */
interface Pair {
  readonly side: Side;
  readonly own: string;
  readonly other: string;
}

let place: BridgePlace;
let pairs: Pair[];
beforeAll(async () => {
  place = await startBridgePlace();
  const make = async (name: string, other: string): Promise<Pair> => {
    const own = `agent-${name}`;
    return { side: await place.side(name, `bridge-${name}`, [own]), own, other: `agent-${other}` };
  };
  pairs = await Promise.all([make('a', 'b'), make('b', 'a'), make('c', 'd'), make('d', 'c')]);
});
afterAll(() => place.stop());

const idOf = (text: string): string => (JSON.parse(text) as { readonly id: string }).id;

/** Writes messages for the other side, as fast as they are taken away. */
async function write({ side, own, other }: Pair, written: Set<string>, isOver: () => boolean) {
  while (!isOver()) {
    const waiting = side.names(other).length + side.names(other, 'sending').length;
    if (waiting < most) {
      const text = makeMessage(own, other, { ttl: 3600, payload: { n: written.size } });
      written.add(idOf(text));
      post(side.dir, other, text);
    }
    await pause(40);
  }
}

/** Takes messages out of the inbox: some into "processed" as the bus's script does, some for good. */
async function consume({ side, own }: Pair, taken: Map<string, number>, isOver: () => boolean) {
  for (let n = 0; !isOver(); n++) {
    for (const name of side.names(own)) {
      const path = side.path(own, 'inbox', name);
      const id = idOf(readFileSync(path, 'utf8'));
      taken.set(id, (taken.get(id) ?? 0) + 1);
      if (n % 2 === 0) unlinkSync(path);
      else renameSync(path, side.path(own, 'processed', name));
    }
    await pause(30);
  }
}

/** Starts the bridge and kills it, again and again; answers how often it was alive when it was killed. */
async function kill({ side }: Pair): Promise<number> {
  let kills = 0;
  while (kills < killsOfEach) {
    const bridge = side.start();
    // Some while it starts; most amid its work, of which each gets done so much that nothing grows old
    if (Math.random() < 0.25) await pause(Math.random() * 300);
    else {
      const work = 1 + Math.floor(Math.random() * 6);
      await bridge.until(['sent', 'delivered'], work);
      await pause(Math.random() * 40);
    }
    if (bridge.child.exitCode !== null) throw new Error(bridge.errors());
    await bridge.stop('SIGKILL');
    expect(bridge.child.signalCode).toBe('SIGKILL');
    kills++;
  }
  return kills;
}

test(
  `${4 * killsOfEach} kills under load: every message arrives, and none twice`,
  { timeout: 240_000 },
  async () => {
    const written = new Map(pairs.map(({ other }) => [other, new Set<string>()]));
    const taken = new Map(pairs.map(({ own }) => [own, new Map<string, number>()]));
    const of = <T>(map: ReadonlyMap<string, T>, agent: string): T => {
      const found = map.get(agent);
      if (found === undefined) throw new Error(agent);
      return found;
    };
    const state = { isWritten: false, isTaken: false };
    const writers = pairs.map((pair) =>
      write(pair, of(written, pair.other), () => state.isWritten),
    );
    const takers = pairs.map((pair) => consume(pair, of(taken, pair.own), () => state.isTaken));

    const kills = await Promise.all(pairs.map(kill));
    expect(kills.reduce((sum, count) => sum + count)).toBe(4 * killsOfEach);
    state.isWritten = true;
    await Promise.all(writers);
    const bridges = pairs.map(({ side }) => side.start());
    const began = Date.now();
    // What a killed bridge had leased comes again after 30 seconds
    const missing = (): number =>
      pairs.reduce((sum, { own }) => sum + of(written, own).size - of(taken, own).size, 0);
    await expect.poll(missing, { timeout: 90_000, interval: 200 }).toBe(0);
    // A second copy of what was delivered and not acknowledged would come by then
    await pause(Math.max(0, began + 31_000 - Date.now()));
    await Promise.all(bridges.map((bridge) => bridge.stop()));
    state.isTaken = true;
    await Promise.all(takers);

    for (const { side, own, other } of pairs) {
      const counts = of(taken, own);
      expect([...counts.keys()].sort()).toEqual([...of(written, own)].sort());
      expect([...counts.values()].filter((count) => count > 1)).toEqual([]);
      expect(counts.size).toBeGreaterThan(killsOfEach);
      for (const part of ['inbox', 'sending', 'rejected'])
        expect(side.names(other, part)).toEqual([]);
      expect(side.names(other, 'processed')).toHaveLength(of(written, other).size);
      expect(listMessages(side.path(own, 'rejected'))).toEqual([]);
    }
  },
);

// The manifests of a log while it is read: each names the one before it.

import { genesis, hashText } from './line.ts';
import type { Find } from './report.ts';
import type { Manifest } from './statement.ts';

/** The chain of manifests. */
export interface ManifestChain {
  readonly newest: (Manifest & { readonly hash: string }) | undefined;
  readonly count: number;
  start(seq: number, hash: string): void;
  /** Takes a manifest, whose text is what the next one names. `false`: it is not its turn. */
  take(manifest: Manifest, text: string): Promise<boolean>;
  end(): void;
}

/** Makes the chain. In a `partial` log it may begin anywhere. */
export function createManifestChain(partial: boolean, find: Find): ManifestChain {
  let begun: { seq: number; hash: string } | undefined;
  let last = { seq: 0, hash: genesis };
  let newest: (Manifest & { readonly hash: string }) | undefined;
  let count = 0;

  function start(seq: number, hash: string): void {
    begun = { seq, hash };
    last = begun;
  }

  return {
    get newest() {
      return newest;
    },
    get count() {
      return count;
    },

    start(seq, hash) {
      if (begun === undefined) start(seq, hash);
      else find('manifest_order', { seq });
    },

    async take(manifest, text) {
      const { seq, prev } = manifest;
      if (begun === undefined) start(partial ? seq - 1 : 0, partial ? prev : genesis);
      if (seq <= last.seq) {
        find('manifest_order', { seq });
        return false;
      }
      if (seq > last.seq + 1) find('manifest_missing', { seq: last.seq + 1, to: seq - 1 });
      else if (prev !== last.hash) find('manifest_mismatch', { seq });
      last = { seq, hash: await hashText(text) };
      newest = { ...manifest, hash: last.hash };
      count += 1;
      return true;
    },

    end() {
      if (partial) return;
      if (newest === undefined) return find('manifest_missing', { seq: (begun?.seq ?? 0) + 1 });
      const first = (begun?.seq ?? 0) + 1;
      if (first > newest.from) find('manifest_missing', { seq: newest.from, to: first - 1 });
    },
  };
}

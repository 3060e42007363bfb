// browserKey where there is no IndexedDB: it says so

import { browserKey } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { refusesCaller } from '../support/rejections.ts';

export const cases: readonly ContractCase[] = [
  {
    name: 'browserKey() needs IndexedDB, and says so where there is none',
    run: async () => {
      const name = 'contract';
      if ('indexedDB' in globalThis) {
        equal((await browserKey(name)).privateKey.extractable, false, 'extractable');
      } else {
        await refusesCaller(() => browserKey(name), 'IndexedDB');
      }
    },
  },
];

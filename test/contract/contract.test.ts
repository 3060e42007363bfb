// Hands the contract to vitest: the one adapter that every runtime's project runs

import { describe, test } from 'vitest';
import { contract } from './index.ts';

for (const suite of contract) {
  describe(suite.name, () => {
    for (const { name, run } of suite.cases) test(name, run);
  });
}

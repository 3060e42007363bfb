// What the capability table says of this runtime is so: what it lacks must fail, or the table is old

import { capabilities, isCapable } from '../../runtimes/capability.ts';
import { identifyRuntime } from '../../runtimes/identify.ts';
import type { ContractCase } from '../case.ts';

export const cases: readonly ContractCase[] = capabilities.map((capability) => ({
  name: `this runtime is as the capability table says: ${capability.name}`,
  run: async () => {
    const expected = isCapable(identifyRuntime(), capability);
    const fault = await capability.probe().then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (expected && fault !== undefined) throw new Error(`It cannot: ${fault}`);
    if (!expected && fault === undefined) throw new Error('It can by now: take it from the table');
  },
}));

// The whole contract: every module of cases, in the order in which they are run

import type { ContractCase } from './case.ts';
import * as rfc7515 from './cases/rfc7515.ts';

/** One module of cases under the name that reports show. */
export interface ContractSuite {
  readonly name: string;
  readonly cases: readonly ContractCase[];
}

export const contract: readonly ContractSuite[] = [{ name: 'RFC 7515', cases: rfc7515.cases }];

// Runs the contract without a test framework and reports in TAP 14, one line for each case

import type { ContractSuite } from '../contract/case.ts';

/** Prints one line. */
export type Print = (line: string) => void;

/** Runs every case in turn; resolves with the number of those that failed. */
export async function runTap(suites: readonly ContractSuite[], print: Print): Promise<number> {
  let number = 0;
  let failed = 0;
  print('TAP version 14');
  print(`1..${suites.reduce((sum, { cases }) => sum + cases.length, 0)}`);
  for (const suite of suites) {
    for (const { name, run } of suite.cases) {
      number++;
      const title = oneLine(`${suite.name} > ${name}`);
      try {
        await run();
        print(`ok ${number} - ${title}`);
      } catch (error) {
        failed++;
        print(`not ok ${number} - ${title}`);
        print(`# ${oneLine(String(error))}`);
      }
    }
  }
  print(`# failed ${failed}`);
  return failed;
}

// `#` would begin a directive, such as one that skips
function oneLine(text: string): string {
  return text.replaceAll('#', '_').replaceAll(/\p{Cc}+/gu, ' ');
}

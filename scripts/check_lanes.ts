// Runs the steps of the check two at a time, each after the steps that it needs

import type { Counted } from './check_tests.ts';

/** One step: a name, what must have been done before, and the work. */
export interface Step {
  readonly name: string;
  /** Names of steps that come first, whatever comes of them. */
  readonly needs?: readonly string[];
  readonly run: () => Promise<Counted>;
}

/** A step that has ended. */
export interface Finished extends Counted {
  readonly name: string;
  readonly seconds: number;
}

const lanes = 2;

/** Runs all steps to the end; tells of each as it ends. A step that throws counts as one failure. */
export async function runLanes(
  steps: readonly Step[],
  tell: (finished: Finished) => void,
): Promise<void> {
  const names = new Set(steps.map(({ name }) => name));
  for (const { name, needs = [] } of steps) {
    const unknown = needs.find((need) => !names.has(need));
    if (unknown !== undefined) throw new Error(`"${name}" needs "${unknown}", which is no step`);
  }
  const waiting = [...steps];
  const done = new Set<string>();
  const running = new Set<Promise<void>>();
  const carryOut = async (step: Step): Promise<void> => {
    tell(await finish(step));
    done.add(step.name);
  };
  while (waiting.length > 0 || running.size > 0) {
    const at = waiting.findIndex(({ needs = [] }) => needs.every((need) => done.has(need)));
    const [step] = at < 0 || running.size >= lanes ? [] : waiting.splice(at, 1);
    if (step !== undefined) {
      const work = carryOut(step);
      running.add(work);
      void work.finally(() => running.delete(work));
    } else if (running.size === 0) {
      throw new Error(`Steps that wait for each other: ${waiting.map(({ name }) => name).join()}`);
    } else {
      await Promise.race(running);
    }
  }
}

async function finish({ name, run }: Step): Promise<Finished> {
  const began = performance.now();
  let counted: Counted;
  try {
    counted = await run();
  } catch (error) {
    counted = { passed: 0, failed: 1, output: String(error) };
  }
  return { ...counted, name, seconds: (performance.now() - began) / 1000 };
}

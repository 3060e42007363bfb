// The check's steps: two at a time, each after what it needs, every one to its end

import { expect, test } from 'vitest';
import { runLanes, type Step } from '../../scripts/check_lanes.ts';

const ok = { passed: 1, failed: 0, output: '' };

function stepsOf(log: string[]): (name: string, needs?: readonly string[]) => Step {
  let running = 0;
  return (name, needs = []) => ({
    name,
    needs,
    run: async () => {
      log.push(`${name} of ${++running}`);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      running--;
      return ok;
    },
  });
}

test('runLanes() runs two at a time, in the order of the list', async () => {
  const log: string[] = [];
  const step = stepsOf(log);
  const told: string[] = [];
  await runLanes([step('a'), step('b'), step('c')], ({ name }) => told.push(name));
  expect(log.slice(0, 2)).toEqual(['a of 1', 'b of 2']);
  expect(log[2]).toMatch(/^c of [12]$/);
  expect(told.toSorted()).toEqual(['a', 'b', 'c']);
});

test('runLanes() starts a step after those that it needs, and fills the lane meanwhile', async () => {
  const log: string[] = [];
  const step = stepsOf(log);
  await runLanes([step('a'), step('late', ['a']), step('b')], () => {});
  expect(log.map((line) => line.split(' ')[0])).toEqual(['a', 'b', 'late']);
});

test('runLanes() counts a step that throws as failed, and goes on', async () => {
  const told: [string, number][] = [];
  const thrown: Step = { name: 'thrown', run: () => Promise.reject(new Error('x')) };
  const after: Step = { name: 'after', needs: ['thrown'], run: async () => ok };
  await runLanes([thrown, after], ({ name, failed }) => told.push([name, failed]));
  expect(told).toEqual([
    ['thrown', 1],
    ['after', 0],
  ]);
});

test('runLanes() refuses needs that are no steps, and steps that wait for each other', async () => {
  const step = stepsOf([]);
  await expect(runLanes([step('a', ['nobody'])], () => {})).rejects.toThrow('which is no step');
  const round = [step('a', ['b']), step('b', ['a'])];
  await expect(runLanes(round, () => {})).rejects.toThrow('wait for each other');
});

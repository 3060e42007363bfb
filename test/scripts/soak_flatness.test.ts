// What the soak takes for flat: noise and what is bounded, and no leak

import { describe, expect, it } from 'vitest';
import { growthOf, reportOf, type Sample } from '../../scripts/soak_flatness.ts';

const mebibyte = 2 ** 20;

/** The second half of a run of five minutes, a sample every five seconds. */
const course = (
  heap: (minutes: number) => number,
  resident: (minutes: number) => number = () => 200,
): Sample[] =>
  Array.from({ length: 31 }, (_, at) => {
    const minutes = at / 12;
    return { minutes, heap: heap(minutes), resident: resident(minutes) };
  });

const judge = (samples: readonly Sample[], { minutes = 5, peak = 300 } = {}): readonly string[] =>
  growthOf(reportOf(samples, peak), minutes);

describe('growthOf()', () => {
  it('takes noise, and a cache that fills slowly', () => {
    const noise = (minutes: number): number => Math.sin(minutes * 40) / 2;
    const heap = (minutes: number): number => 10 + minutes * 0.5 + noise(minutes);
    const resident = (minutes: number): number => 200 + minutes * 3 + 10 * noise(minutes);
    expect(judge(course(heap, resident))).toEqual([]);
  });

  it('finds a kibibyte that each request leaves, even at thirty requests a second', () => {
    const leak = (minutes: number): number => (minutes * 60 * 30 * 1024) / mebibyte;
    expect(judge(course((minutes) => 10 + leak(minutes)))).toEqual([
      'heap: grew by more than 1 MiB a minute',
    ]);
  });

  it('finds what is not JavaScript', () => {
    expect(
      judge(
        course(
          () => 10,
          (minutes) => 200 + minutes * 20,
        ),
      ),
    ).toEqual(['resident: grew by more than 12 MiB a minute']);
  });

  it('finds growth in a run that is too short for a slope', () => {
    const steps = [10, 12, 19].map((heap, at) => ({ minutes: at / 12, heap, resident: 200 }));
    expect(judge(steps, { minutes: 0.4 })).toEqual(['heap: grew by more than 6 MiB']);
    expect(judge(steps.slice(0, 2), { minutes: 0.4 })).toEqual([]);
  });

  it('finds garbage beyond all measure, and a run that measured nothing', () => {
    expect(
      judge(
        course(() => 10),
        { peak: 800 },
      ),
    ).toEqual(['workerd held more than 768 MiB']);
    expect(judge([{ minutes: 0, heap: 10, resident: 200 }])).toEqual([
      'The memory was not measured',
    ]);
  });
});

// A chart over time as SVG in the page's own colours; the values under the pointer stand in its legend.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { clock, number } from './format.ts';

/** One line of a chart. */
export interface Series {
  readonly name: string;
  /** The number of its colour in the theme. */
  readonly colour: 1 | 2 | 3;
  readonly values: readonly number[];
}

interface ChartProps {
  /** What it shows, for who cannot see it. */
  readonly label: string;
  /** What the values are, such as `a second`. */
  readonly unit: string;
  /** The length of time that is shown, seconds: it ends at the newest moment. */
  readonly span: number;
  /** Seconds since the epoch, ascending. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
}

const height = 180;
const edge = { top: 8, right: 8, bottom: 22, left: 40 } as const;

/** The least round number that is not below a value. */
function roundUp(value: number): number {
  if (value <= 1) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * size >= value) ?? 10) * size;
}

/** Draws lines over time. */
export function Chart({ label, unit, span, times, series }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  const pointed = useSignal<number | undefined>(undefined);

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const measured = new ResizeObserver(() => (width.value = element.clientWidth));
    measured.observe(element);
    return () => measured.disconnect();
  }, []);

  const end = times.at(-1) ?? 0;
  const begin = end - span;
  const top = roundUp(Math.max(...series.map(({ values }) => Math.max(0, ...values))));
  const inside = Math.max(1, width.value - edge.left - edge.right);
  const x = (at: number): number => edge.left + (Math.max(0, at - begin) / span) * inside;
  const y = (value: number): number =>
    edge.top + (1 - value / top) * (height - edge.top - edge.bottom);
  const index = pointed.value ?? times.length - 1;
  const at = times[index];

  function pathOf(values: readonly number[]): string {
    const path = values.flatMap((value, each) => {
      const time = times[each];
      return time === undefined || time < begin ? [] : `${x(time)},${y(value)}`;
    });
    // One alone would not be drawn
    return [...path, ...path.slice(-1)].join(' ');
  }

  function point({ offsetX }: PointerEvent): void {
    const wanted = begin + ((offsetX - edge.left) / inside) * span;
    const distance = (time: number | undefined): number => Math.abs((time ?? 0) - wanted);
    let nearest = times.length - 1;
    for (const [each, time] of times.entries()) {
      if (distance(time) < distance(times[nearest])) nearest = each;
    }
    pointed.value = nearest;
  }

  return (
    <div class="chart" ref={place}>
      <p class="legend">
        {series.map(({ name, colour, values }) => (
          <span key={name}>
            <span class={`swatch series-${colour}`} aria-hidden="true" />
            {name} {number(values[index] ?? 0)}
          </span>
        ))}
        <span class="quiet">
          {unit}
          {at === undefined ? '' : `, ${pointed.value === undefined ? 'now' : clock(at)}`}
        </span>
      </p>
      <svg
        role="img"
        aria-label={label}
        width="100%"
        height={height}
        onPointerMove={point}
        onPointerLeave={() => (pointed.value = undefined)}
      >
        {[0, top / 2, top].map((value) => (
          <g key={value} class="grid">
            <line x1={edge.left} x2={edge.left + inside} y1={y(value)} y2={y(value)} />
            <text x={edge.left - 6} y={y(value) + 4} text-anchor="end">
              {number(value)}
            </text>
          </g>
        ))}
        {[1, 0.5, 0].map((part) => (
          <text
            key={part}
            class="grid"
            x={edge.left + (1 - part) * inside}
            y={height - 4}
            text-anchor={part === 1 ? 'start' : part === 0 ? 'end' : 'middle'}
          >
            {part === 0 ? 'now' : `${Math.round((part * span) / 60)} min ago`}
          </text>
        ))}
        {series.map(({ name, colour, values }) => (
          <polyline key={name} class={`series-${colour}`} points={pathOf(values)} />
        ))}
        {pointed.value === undefined || at === undefined ? null : (
          <line class="pointer" x1={x(at)} x2={x(at)} y1={edge.top} y2={height - edge.bottom} />
        )}
      </svg>
    </div>
  );
}

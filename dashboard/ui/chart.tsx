// A chart over time: uPlot in the page's own colours, redrawn when the data, the width or the theme changes.

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { theme } from '../app/theme.ts';

/** One line of a chart. */
export interface Series {
  readonly name: string;
  /** The number of its colour in the theme, from 1. */
  readonly colour: 1 | 2 | 3;
  readonly values: readonly number[];
}

interface ChartProps {
  /** What it shows, for who cannot see it. */
  readonly label: string;
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly height?: number;
}

const colourOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name);

/** The value of a custom property is a rule, `light-dark(a, b)`: an element tells what it comes to. */
function resolved(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color === '' ? colourOf(name) : color;
}

function optionsOf(series: readonly Series[], width: number, height: number): uPlot.Options {
  const axis = { stroke: resolved('--quiet'), grid: { stroke: resolved('--line'), width: 1 } };
  return {
    width,
    height,
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, ticks: { show: false } },
      { ...axis, ticks: { show: false }, size: 44 },
    ],
    series: [
      {},
      ...series.map(({ name, colour }) => ({
        label: name,
        stroke: resolved(`--series-${colour}`),
        width: 2,
        points: { show: false },
      })),
    ],
  };
}

/** Draws lines over time. */
export function Chart({ label, times, series, height = 180 }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const data = [times, ...series.map(({ values }) => values)] as unknown as uPlot.AlignedData;
  const newest = useRef(data);
  newest.current = data;
  const look = theme.value;

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(
        optionsOf(series, element.clientWidth, height),
        newest.current,
        element,
      );
    };
    draw();
    const resized = new ResizeObserver(() => {
      plot.current?.setSize({ width: element.clientWidth, height });
    });
    resized.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      scheme.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [look, series.length, height]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [times, series]);

  return <div ref={place} role="img" aria-label={label} />;
}

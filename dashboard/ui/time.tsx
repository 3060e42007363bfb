// Moments as they read: how long ago, how long still, and the exact time for who wants it.

import { duration, isDate, moment } from './format.ts';
import { now } from './now.ts';

interface TimeProps {
  /** Seconds since the epoch. */
  readonly at: number;
}

/** A moment that has passed. */
export function Ago({ at }: TimeProps) {
  return (
    <time dateTime={isoOf(at)} title={moment(at)}>
      {duration(Math.max(0, now.value - at))} ago
    </time>
  );
}

const hour = 3600;

/** When an agent was seen last, which is kept to the hour: it was never longer ago than this. */
export function Seen({ at }: TimeProps) {
  const hours = Math.floor(Math.max(0, now.value - at) / hour);
  return (
    <time dateTime={isoOf(at)} title="Kept to the hour">
      {hours === 0 ? 'in the last hour' : `${duration(hours * hour)} ago or less`}
    </time>
  );
}

/** A moment that is to come, counted down. */
export function Left({ at }: TimeProps) {
  const left = at - now.value;
  return (
    <time dateTime={isoOf(at)} title={moment(at)} class={left <= 0 ? 'quiet' : undefined}>
      {left <= 0 ? 'over' : countdown(left)}
    </time>
  );
}

const isoOf = (at: number): string => (isDate(at) ? new Date(at * 1000).toISOString() : '');

const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');

function countdown(seconds: number): string {
  if (seconds >= 3600) return duration(seconds);
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

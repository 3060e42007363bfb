// When an object's alarm should clean up.

// Expired rows are never read, so cleaning may lag; one alarm then serves many rows
const grid = 10_000;

/** The earliest of some times (milliseconds since the epoch), rounded up so that alarms bundle. */
export function nextAlarm(times: readonly (number | undefined)[]): number | undefined {
  const due = times.filter((time) => time !== undefined);
  return due.length === 0 ? undefined : Math.ceil(Math.min(...due) / grid) * grid;
}

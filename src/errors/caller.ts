// Checks of what the calling program passes: its mistakes are TypeErrors, at once and by name.

/** Refuses options that are not known, so that a typo never becomes a silent default. */
export function checkOptionNames(
  owner: string,
  options: unknown,
  names: readonly string[],
): asserts options is object {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${owner} takes an object of options`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`${owner} has no option "${unknown}"`);
}

/** Refuses `undefined` given on purpose: `{ token: agent.token }` must not switch a check off. */
export function checkNotUndefined(options: object, names: readonly string[]): void {
  for (const name of names) {
    if (Object.hasOwn(options, name) && Reflect.get(options, name) === undefined) {
      throw new TypeError(`"${name}" must not be undefined: leave it out for the default`);
    }
  }
}

/** Reads a number option within its range, or its default. */
export function numberOption(
  name: string,
  value: unknown,
  range: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  if (value === undefined) return range.fallback;
  if (typeof value !== 'number' || !(value >= range.min && value <= range.max)) {
    throw new TypeError(`"${name}" must be a number from ${range.min} to ${range.max}`);
  }
  return value;
}

/** Seconds since the epoch. */
export type Clock = () => number;

/** The default clock. */
export const systemClock: Clock = () => Math.floor(Date.now() / 1000);

/** Reads a clock; one that does not tell a time would switch every time check off. */
export function readClock(clock: Clock): number {
  const now = clock();
  if (!Number.isFinite(now)) throw new TypeError('"clock" must return seconds as a finite number');
  return now;
}

// A contract case as data, and the few assertions that cases need, free of any test framework

/** One check of the contract: it passes when `run` resolves and fails when it rejects. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** One module of cases under the name that reports show. */
export interface ContractSuite {
  readonly name: string;
  readonly cases: readonly ContractCase[];
}

/** Fails unless both values are the same (`Object.is`). */
export function equal<T>(actual: T, expected: T, what = 'value'): void {
  if (!Object.is(actual, expected)) {
    throw new Error(`Expected ${what} to be ${show(expected)}, got ${show(actual)}`);
  }
}

/** Fails unless both values are equal by structure: plain data, byte arrays, any order of members. */
export function deepEqual(actual: unknown, expected: unknown, what = 'value'): void {
  const left = canonical(actual);
  const right = canonical(expected);
  if (left !== right) throw new Error(`Expected ${what} to be ${right}, got ${left}`);
}

/** Fails unless the promise rejects with an error that has exactly this `code`. */
export async function rejectsWithCode(promise: Promise<unknown>, code: string): Promise<void> {
  let outcome: string;
  try {
    outcome = `it resolved with ${show(await promise)}`;
  } catch (error) {
    const found: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    if (found === code) return;
    outcome = `it rejected with ${found === undefined ? String(error) : show(found)}`;
  }
  throw new Error(`Expected a rejection with code "${code}", but ${outcome}`);
}

/** Fails unless the promise rejects with an instance of the given error class. */
export async function rejectsWith(
  promise: Promise<unknown>,
  kind: new (message?: string) => Error,
): Promise<void> {
  let outcome: string;
  try {
    outcome = `it resolved with ${show(await promise)}`;
  } catch (error) {
    if (error instanceof kind) return;
    outcome = `it rejected with ${String(error)}`;
  }
  throw new Error(`Expected a rejection with ${kind.name}, but ${outcome}`);
}

function show(value: unknown): string {
  return canonical(value);
}

function canonical(value: unknown): string {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return `bytes(${bytes.join(',')})`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
    return `{${members.join(',')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

// Bodies of the routes that manage agents: strict JSON, known members only, each as its schema says.

import * as v from 'valibot';
import { parseJson } from '../../../src/verify/index.ts';
import { isRefusalCode, type RefusalCode } from './refusal.ts';

/** The longest body that these routes read, in bytes. */
export const maxBodyBytes = 16_384;

/** What a body says, or why it is refused. */
export type Body<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: RefusalCode };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const malformed = { ok: false, code: 'request_malformed' } as const;

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(decoder.decode(bytes), { maxDepth: 4 });
  } catch {
    return undefined;
  }
}

/** What a body may say: the names of its members, and their schema, whose messages are refusal codes. */
export interface BodyForm<T> {
  readonly names: ReadonlySet<string>;
  readonly schema: v.GenericSchema<unknown, T>;
}

/** Reads a body by its form. A name that every object inherits is as unknown as any other. */
export function readJson<T>(bytes: Uint8Array, { names, schema }: BodyForm<T>): Body<T> {
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed;
  if (Object.keys(value).some((name) => !names.has(name))) {
    return { ok: false, code: 'member_unknown' };
  }
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return { ok: true, value: parsed.output };
  const [{ message }] = parsed.issues;
  return isRefusalCode(message) ? { ok: false, code: message } : malformed;
}

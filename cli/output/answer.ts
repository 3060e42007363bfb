// What a gateway answers: one JSON object, capped in size, or a refusal with its code

import { parseJson } from '../../src/index.ts';
import { CommandFailure, environment, exitCodes, systemReason } from './failure.ts';

/** The members of a JSON object that came over the network: nothing is known of them. */
export type Members = Readonly<Record<string, unknown>>;

const maxBytes = 1_048_576;
const maxPageBytes = 33_554_432;

/** Waits for an answer; throws the failure that anything but success is. */
export async function readAnswer(sent: Promise<Response>): Promise<Members> {
  const response = await reached(sent);
  const { status } = response;
  const text = await reached(readText(response));
  if (response.ok && text === '') return {};
  const body = parse(text);
  if (response.ok && body !== undefined) return body;
  const { code, error, error_description: description } = body ?? {};
  const name = isCode(code) ? code : error;
  if (!isCode(name) || status < 400) {
    throw environment(
      `What answers there is no SwarmGate gateway, or has no authority (status ${status})`,
    );
  }
  const words = typeof description === 'string' ? description.slice(0, 300) : `status ${status}`;
  const isBusy = status >= 500 || status === 429;
  throw new CommandFailure(name, isBusy ? exitCodes.environment : exitCodes.refused, words);
}

/** Waits for a page of lines; throws the failure that anything but success is. */
export async function readLines(sent: Promise<Response>): Promise<string> {
  const response = await reached(sent);
  if (response.ok) return reached(readText(response, maxPageBytes));
  await readAnswer(Promise.resolve(response));
  throw environment('The gateway gives no lines');
}

const isCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z_]{1,64}$/.test(value);

async function reached<T>(sent: Promise<T>): Promise<T> {
  try {
    return await sent;
  } catch (error) {
    // As fetch reports a connection that failed, and AbortSignal.timeout one that took too long
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      throw environment('The gateway does not answer in time');
    }
    if (error instanceof TypeError) {
      throw environment(`The gateway cannot be reached: ${systemReason(error.cause)}`);
    }
    throw error;
  }
}

async function readText({ body }: Response, most = maxBytes): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > most) throw environment('The answer of the gateway is too large');
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): Members | undefined {
  try {
    const value = parseJson(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Members) : undefined;
  } catch {
    return undefined;
  }
}

/** The objects of a list; what is none is left out. */
export function objectsOf(value: unknown): readonly Members[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.filter((entry): entry is Members => typeof entry === 'object' && entry !== null);
}

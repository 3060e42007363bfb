// What a client sends to an MCP server, as far as the gateway must understand it: JSON-RPC, and which tools it calls.

import { isScope, parseJson, TokenError } from '../../src/verify/index.ts';

/** A JSON-RPC message. One without a method is an answer to the server. */
export interface McpMessage {
  readonly method: string | undefined;
  /** The tool, prompt or resource that it names. */
  readonly name: string | undefined;
}

const maxDepth = 64;
/** Batches are of earlier revisions of the protocol; nobody sent long ones. */
const maxMessages = 50;
const maxToolName = 128;

const malformed = (): TokenError => new TokenError('message_malformed');
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

// Nothing else beside it: of two charsets a server could take the other one, and read another message
const plainType = /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-?8|"utf-?8")[ \t]*)?$/i;

/** Whether the server would read the bytes as the gateway does: not packed, not in another charset. */
function isPlain(headers: Headers): boolean {
  const coding = headers.get('content-encoding') ?? 'identity';
  return plainType.test(headers.get('content-type') ?? '') && coding.toLowerCase() === 'identity';
}

// JSON-RPC 2.0 sections 4 and 5: there are no others
const members = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);
const names = new Set(['name', 'uri']);

/** Some servers read names of members without their case, and the last one counts. */
const isPlainName = (name: string): boolean => names.has(name) || !names.has(name.toLowerCase());

function readMessage(value: unknown): McpMessage {
  if (!isObject(value) || !Object.keys(value).every((name) => members.has(name))) throw malformed();
  const { method, params } = value;
  if (method === undefined) return { method: undefined, name: undefined };
  if (typeof method !== 'string') throw malformed();
  const given = isObject(params) ? params : {};
  if (!Object.keys(given).every(isPlainName)) throw malformed();
  return { method, name: textOf(given[method === 'resources/read' ? 'uri' : 'name']) };
}

/**
 * Reads a body. It is JSON without duplicate names: of two, gateway and server could read
 * different ones.
 *
 * @throws TokenError `message_malformed`
 */
export function readMessages(headers: Headers, bytes: Uint8Array): readonly McpMessage[] {
  if (!isPlain(headers)) throw malformed();
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = parseJson(text, { maxDepth });
  } catch {
    throw malformed();
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > maxMessages) throw malformed();
  return list.map(readMessage);
}

/** The scope that calls a tool; `undefined` for a name that no scope can express. */
export function toolScope(name: string): string | undefined {
  const scope = `mcp:call:${name}`;
  const exact = !name.includes('*') && name.length <= maxToolName && isScope(scope);
  return exact ? scope : undefined;
}

/**
 * The scopes that messages need, one for each tool that is called.
 *
 * @throws TokenError `message_malformed` for a tool whose name no scope can express
 */
export function scopesOf(messages: readonly McpMessage[]): readonly string[] {
  const scopes = messages
    .filter(({ method }) => method === 'tools/call')
    .map(({ name }) => (name === undefined ? undefined : toolScope(name)));
  const known = scopes.filter((scope) => scope !== undefined);
  if (known.length < scopes.length) throw malformed();
  return [...new Set(known)];
}

/** What messages are about, for the audit log: tools that are called, or the methods. */
export function aboutOf(messages: readonly McpMessage[]): string | undefined {
  const calls = messages.filter(({ method }) => method === 'tools/call');
  const names = calls.length > 0 ? calls.map(({ name }) => name) : messages.map((m) => m.method);
  const said = [...new Set(names)].filter((name) => name !== undefined);
  return said.length === 0 ? undefined : said.join(' ');
}

/** A header's value; one that is not plain text is base64 in a wrapping of its own. */
function headerText(value: string): string | undefined {
  const [, encoded] = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value) ?? [];
  if (encoded === undefined) return value;
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Refuses headers that say something else than the body: servers may act on either.
 *
 * @throws TokenError `message_malformed`
 */
export function checkMcpHeaders(headers: Headers, messages: readonly McpMessage[]): void {
  for (const member of ['method', 'name'] as const) {
    const value = headers.get(`mcp-${member}`);
    if (value === null) continue;
    const said = headerText(value);
    const agrees = messages.length > 0 && messages.every((message) => message[member] === said);
    if (said === undefined || !agrees) throw malformed();
  }
}

// MCP routes: which scopes a request takes, and what of the answer an agent may see.

import { TokenError, type VerifiedAgent } from '../../src/verify/index.ts';
import type { Incoming } from '../target.ts';
import { rewriteEvents } from './mcp_events.ts';
import { aboutOf, checkMcpHeaders, readMessages, scopesOf } from './mcp_request.ts';
import { trimTools } from './mcp_tools.ts';
import { noUpload, type Upload } from './upstream_body.ts';

/** An answer whose body is on its way. */
export interface McpAnswer {
  readonly agent: VerifiedAgent;
  readonly status: number;
  /** The type of its body, as the server said it. */
  readonly type: string;
}

/** A request to an MCP server, read. */
export interface McpRequest {
  /** `mcp:call:<tool>` for each tool that it calls. */
  readonly required: readonly string[];
  /** The tools that it calls; what else it does, where it calls none. */
  readonly about: string | undefined;
  readonly body: Upload;
  /** How the body was read, and so is to be read; `undefined` where there is none. */
  readonly type: string | undefined;
  /** Takes out of an answer what the agent may not see. */
  readonly filter: (
    body: ReadableStream<Uint8Array>,
    answer: McpAnswer,
  ) => Promise<ReadableStream<Uint8Array> | string>;
}

/**
 * Reads a request.
 *
 * @throws TokenError `message_malformed`, `message_too_large`
 */
export async function readMcp(
  request: Request,
  readBody: Incoming['readBody'],
  limit: number,
): Promise<McpRequest> {
  const sends = request.method === 'POST';
  const bytes = sends ? await readBody(limit) : undefined;
  const messages = bytes === undefined ? [] : readMessages(request.headers, bytes);
  checkMcpHeaders(request.headers, messages);
  const lists = messages.some(({ method }) => method === 'tools/list');
  return {
    required: scopesOf(messages),
    about: aboutOf(messages),
    body: bytes === undefined ? noUpload : { ...noUpload, body: bytes },
    type: bytes === undefined ? undefined : 'application/json',
    filter: (body, answer) => filter(body, answer, lists),
  };
}

async function filter(
  body: ReadableStream<Uint8Array>,
  { agent, status, type }: McpAnswer,
  lists: boolean,
): Promise<ReadableStream<Uint8Array> | string> {
  // Any stream: a client that resumes one gets answers of earlier requests on it
  if (/^text\/event-stream\s*(?:;|$)/i.test(type)) {
    return body.pipeThrough(rewriteEvents((data) => trimEvent(data, agent)));
  }
  if (!lists) return body;
  const isJson = /^application\/json\s*(?:;|$)/i.test(type);
  if (!isJson && status >= 300) return body;
  try {
    const text = await new Response(body).text();
    if (text === '') return text;
    if (!isJson) throw new TypeError('The answer is no JSON');
    return trimTools(text, agent);
  } catch (cause) {
    throw new TokenError('upstream_invalid', { cause });
  }
}

function trimEvent(data: string, agent: VerifiedAgent): string {
  // Nothing else is taken apart: results may be long
  if (!data.includes('tools') && !data.includes(String.raw`\u`)) return data;
  try {
    return trimTools(data, agent);
  } catch {
    return data;
  }
}

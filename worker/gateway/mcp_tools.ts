// tools/list as an agent may see it: what it may not call, it does not hear of.

import { authorize, type VerifiedAgent } from '../../src/verify/index.ts';
import { toolScope } from './mcp_request.ts';

// Numbers are written back as they came: one of 64 bits would lose digits. (ECMA-262, "JSON.rawJSON")
interface ExactJson {
  parse(
    text: string,
    revive: (key: string, value: unknown, at: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}
const exact = JSON as unknown as ExactJson;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether an agent may call a tool. */
function mayCall(agent: VerifiedAgent, tool: unknown): boolean {
  const name = isObject(tool) ? tool['name'] : undefined;
  const scope = typeof name === 'string' ? toolScope(name) : undefined;
  if (scope === undefined) return false;
  try {
    return authorize(agent, scope).required.includes(scope);
  } catch {
    return false;
  }
}

function trimMessage(message: unknown, agent: VerifiedAgent): unknown {
  const result = isObject(message) ? message['result'] : undefined;
  const tools = isObject(result) ? result['tools'] : undefined;
  if (!isObject(message) || !isObject(result) || !Array.isArray(tools)) return message;
  const kept = tools.filter((tool) => mayCall(agent, tool));
  return kept.length === tools.length
    ? message
    : { ...message, result: { ...result, tools: kept } };
}

/**
 * Takes the tools out of an answer, or a batch of them, that the agent may not call. Text from which
 * nothing has to be taken is returned as it is.
 *
 * @throws SyntaxError for what is no JSON
 */
export function trimTools(text: string, agent: VerifiedAgent): string {
  const value = exact.parse(text, (_key, member, { source }) =>
    typeof member === 'number' && source !== undefined && String(member) !== source
      ? exact.rawJSON(source)
      : member,
  );
  const trimmed: unknown = Array.isArray(value)
    ? value.map((message) => trimMessage(message, agent))
    : trimMessage(value, agent);
  const same =
    Array.isArray(value) && Array.isArray(trimmed)
      ? trimmed.every((message, at) => message === value[at])
      : trimmed === value;
  return same ? text : JSON.stringify(trimmed);
}

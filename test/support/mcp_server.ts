// A real MCP server on loopback: the official SDK's, with its streamable HTTP transport

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

/** A server that runs. */
export interface RunningMcpServer {
  /** The URL of its endpoint. */
  readonly url: string;
  /** The tools that were called, with the agent that the gateway named. */
  readonly calls: { readonly tool: string; readonly agent: string | undefined }[];
  /** The header names of all requests, in lower case. */
  readonly headers: Set<string>;
  /** How many sessions were ended by their clients. */
  ended: number;
  readonly stop: () => Promise<void>;
}

const inputSchema = { type: 'object' as const, properties: { text: { type: 'string' } } };
const tools = ['echo', 'add', 'secret', 'read-file'].map((name) => ({ name, inputSchema }));

/** Starts one with four tools. `json`: it answers with JSON instead of event streams. */
export async function startMcpServer({ json = false } = {}): Promise<RunningMcpServer> {
  const transports = new Map<string, StreamableHTTPServerTransport>();

  async function open(): Promise<StreamableHTTPServerTransport> {
    const server = new Server(
      { name: 'tools', version: '1.0.0' },
      { capabilities: { tools: {}, logging: {} } },
    );
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
    server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
      const agent = extra.requestInfo?.headers['x-agent-id'];
      running.calls.push({ tool: params.name, agent: agent === undefined ? agent : String(agent) });
      await extra.sendNotification({
        method: 'notifications/message',
        params: { level: 'info', data: 'tools are at work' },
      });
      return { content: [{ type: 'text' as const, text: String(params.arguments?.['text']) }] };
    });
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: json,
      onsessioninitialized: (id) => void transports.set(id, transport),
      onsessionclosed: () => void running.ended++,
    });
    await server.connect(transport);
    return transport;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const name of Object.keys(request.headers)) running.headers.add(name);
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? transports.get(id) : undefined;
    await (known ?? (await open())).handleRequest(request, response);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const running: RunningMcpServer = {
    url: `http://127.0.0.1:${port}/mcp`,
    calls: [],
    headers: new Set(),
    ended: 0,
    async stop() {
      await Promise.all([...transports.values()].map((transport) => transport.close()));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return running;
}

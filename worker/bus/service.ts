// Serves the bus protocol: what lets the gateways that hold its secret use a bus.

import { isAgentId, TokenError } from '../../src/verify/index.ts';
import { readCapped } from '../read_capped.ts';
import { json } from '../respond.ts';
import type { Carrier } from './carrier.ts';
import { envelopeLimits, isMessageId, sha256 } from './envelope.ts';
import { numberParameter, textParameter } from './query.ts';
import { maxWireWait, readStoreHeaders, wirePrefix } from './wire.ts';

type Handler = (request: Request, query: URLSearchParams, bus: Carrier) => Promise<Response>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const status = (code: number): Response =>
  new Response(null, { status: code, headers: { 'Cache-Control': 'no-store' } });

/** A parameter that must be there and in its form; what it throws is a malformed request. */
function required(
  query: URLSearchParams,
  name: string,
  isRight: (value: string) => boolean,
): string {
  const value = textParameter(query, name);
  if (value === undefined || !isRight(value)) throw new TokenError('message_malformed');
  return value;
}

const isRecipient = (value: string): boolean => value === '*' || isAgentId(value);
const mailboxOf = (query: URLSearchParams): string => required(query, 'mailbox', isAgentId);

const handlers: Readonly<Record<string, Handler>> = {
  async 'POST /messages'(request, _query, bus) {
    const stored = readStoreHeaders(request.headers);
    if (stored === undefined) throw new TokenError('message_malformed');
    const bytes = await readCapped(request.body, envelopeLimits.messageBytes);
    const { storeBefore, ...message } = stored;
    if ((await sha256(bytes)) !== message.digest) throw new TokenError('message_malformed');
    const body = decoder.decode(bytes);
    return json({ outcome: await bus.publish({ ...message, body }, storeBefore) });
  },

  async 'GET /messages'(_request, query, bus) {
    const held = await bus.holds({
      sender: required(query, 'sender', isAgentId),
      to: required(query, 'to', isRecipient),
      id: required(query, 'id', isMessageId),
      digest: required(query, 'digest', (value) => /^[0-9a-f]{64}$/.test(value)),
    });
    return json({ held });
  },

  async 'POST /leases'(_request, query, bus) {
    const max = numberParameter(query, 'max', { min: 1, max: 100, fallback: 10 });
    const leased = await bus.lease(mailboxOf(query), max);
    const messages = leased.map(({ sender, via, leaseUntil, body }) => {
      return { sender, via, lease_until_ms: leaseUntil, body };
    });
    return json({ messages });
  },

  async 'GET /ready'(_request, query, bus) {
    const wait = Number(required(query, 'wait_ms', (value) => /^\d{1,5}$/.test(value)));
    const until = Date.now() + Math.min(wait, maxWireWait);
    return json({ ready: await bus.wait(mailboxOf(query), until) });
  },

  async 'DELETE /messages'(_request, query, bus) {
    const sender = query.has('sender') ? required(query, 'sender', isAgentId) : undefined;
    await bus.acknowledge(mailboxOf(query), required(query, 'id', isMessageId), sender);
    return status(204);
  },

  async 'GET /status'(_request, query, bus) {
    return json(await bus.status(mailboxOf(query)));
  },

  async 'GET /mailboxes'(_request, query, bus) {
    const limit = numberParameter(query, 'limit', { min: 1, max: 100, fallback: 50 });
    const after = required(query, 'after', (value) => value === '' || isAgentId(value));
    return json(await bus.list(after, limit));
  },
};

/** Tells whether two texts are the same, in a time that says nothing of where they differ. */
async function isSame(left: string, right: string): Promise<boolean> {
  // Digests are of one length whatever was sent, and nobody can choose them byte by byte
  const [a, b] = await Promise.all([left, right].map((text) => sha256(encoder.encode(text))));
  return a === b;
}

async function isKnown(request: Request, secrets: readonly string[]): Promise<boolean> {
  const header = request.headers.get('authorization') ?? '';
  if (header.length > 1024) return false;
  const found = await Promise.all(secrets.map((secret) => isSame(header, `Bearer ${secret}`)));
  return found.includes(true);
}

function isCallersFault(error: unknown): boolean {
  return error instanceof TokenError && error.status < 500;
}

/**
 * Answers one request of the bus protocol. Whoever holds a secret speaks for every agent: nothing
 * about senders is checked here.
 */
export async function serveBus(
  request: Request,
  bus: Carrier,
  secrets: readonly string[],
): Promise<Response> {
  if (!(await isKnown(request, secrets))) return status(401);
  const { pathname, searchParams } = new URL(request.url);
  const path = pathname.startsWith(`${wirePrefix}/`) ? pathname.slice(wirePrefix.length) : '';
  const name = `${request.method} ${path}`;
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
  if (handler === undefined) return status(404);
  try {
    return await handler(request, searchParams, bus);
  } catch (error) {
    // What a caller got wrong is its own; everything else is the bus's
    return status(isCallersFault(error) ? 400 : 503);
  }
}

// The bus elsewhere: asks a server of the bus protocol, by its URL or through a service binding.

import * as v from 'valibot';
import { readCapped } from '../read_capped.ts';
import type { Carrier } from './carrier.ts';
import { envelopeLimits } from './envelope.ts';
import { wireAnswers, wirePrefix, writeStoreHeaders } from './wire.ts';

/** Where a bus is and what opens it. */
export interface HttpBusOptions {
  /** Without a final slash; the paths of the protocol follow. */
  readonly url: string;
  readonly secret: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

/** What an answer waits for at the longest, in milliseconds, beside what it was asked to wait. */
const patience = 5_000;
const smallAnswer = 65_536;
/** A message as text in JSON, in which each quote and backslash counts twice, and what is beside it. */
const deliverySize = 2 * envelopeLimits.messageBytes + 2_048;

interface Question<T> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: Readonly<Record<string, string | number>>;
  readonly answer: v.GenericSchema<unknown, T>;
  /** How many bytes the answer may have. */
  readonly limit?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly wait?: number;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Makes the carrier of a bus elsewhere. Asks for nothing yet. */
export function createHttpCarrier({ url, secret, fetch }: HttpBusOptions): Carrier {
  async function send(
    method: string,
    path: string,
    query: Question<unknown>['query'],
    init: { readonly headers?: Question<unknown>['headers']; body?: string; wait?: number } = {},
  ): Promise<Response> {
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    ).toString();
    return fetch(`${url}${wirePrefix}${path}${search === '' ? '' : `?${search}`}`, {
      method,
      headers: { ...init.headers, authorization: `Bearer ${secret}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(patience + (init.wait ?? 0)),
      ...(init.body === undefined ? {} : { body: init.body }),
    });
  }

  async function ask<T>({ method, path, query, answer, limit, ...init }: Question<T>): Promise<T> {
    const response = await send(method, path, query, init);
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`The bus answered ${response.status}`);
    }
    const bytes = await readCapped(response.body, limit ?? smallAnswer);
    return v.parse(answer, JSON.parse(decoder.decode(bytes)));
  }

  return {
    async publish({ body, ...message }, storeBefore) {
      const headers = writeStoreHeaders(message, storeBefore);
      const { outcome } = await ask({
        method: 'POST',
        path: '/messages',
        query: {},
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        answer: wireAnswers.publish,
      });
      return outcome;
    },

    async holds({ sender, to, id, digest }) {
      const query = { sender, to, id, digest };
      const answer = wireAnswers.holds;
      return (await ask({ method: 'GET', path: '/messages', query, answer })).held;
    },

    async lease(mailbox, max) {
      const { messages } = await ask({
        method: 'POST',
        path: '/leases',
        query: { mailbox, max },
        answer: wireAnswers.lease,
        limit: max * deliverySize + smallAnswer,
      });
      return messages;
    },

    async wait(mailbox, until) {
      const wait = Math.max(0, until - Date.now());
      const query = { mailbox, wait_ms: Math.ceil(wait) };
      const answer = wireAnswers.ready;
      return (await ask({ method: 'GET', path: '/ready', query, answer, wait })).ready;
    },

    async acknowledge(mailbox, id, sender) {
      const query = { mailbox, id, ...(sender === undefined ? {} : { sender }) };
      const response = await send('DELETE', '/messages', query);
      await response.body?.cancel();
      if (response.status !== 204) throw new Error(`The bus answered ${response.status}`);
    },

    status: (mailbox) =>
      ask({ method: 'GET', path: '/status', query: { mailbox }, answer: wireAnswers.status }),

    list: (after, limit) =>
      ask({ method: 'GET', path: '/mailboxes', query: { after, limit }, answer: wireAnswers.list }),
  };
}

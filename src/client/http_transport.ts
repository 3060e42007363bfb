// The bus over HTTP: one request for each send, receive and acknowledgement, capped in size and time.

import { errorCodes } from '../errors/codes.ts';
import { TokenError } from '../errors/token_error.ts';
import { readCapped } from '../keys/read_capped.ts';
import { decodeUtf8 } from '../token/base64url.ts';
import { scanJsonObject } from '../token/json.ts';
import { splitJsonArray } from '../token/json_array.ts';
import { AuthorityError } from './authority_error.ts';
import type { ClientFetch } from './authority_http.ts';
import type { BusTransport, Delivery } from './bus_transport.ts';
import { CallerMistake } from './caller_mistake.ts';
import { withDeadline } from './deadline.ts';
import { besideBytes, deliveryDepth, scanDelivery } from './delivery.ts';
import { envelopeLimits } from './envelope.ts';
import { isErrorCode } from './refusal_code.ts';
import type { HttpCause } from './retry.ts';

/** What the transport needs. */
export interface HttpTransportOptions {
  /** The gateway's address, without a final slash. */
  readonly url: string;
  readonly fetch: ClientFetch;
  /** Time for one request beyond what it waits for messages, in seconds. */
  readonly timeout: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string | undefined;
}

const late = (): TokenError => new TokenError('upstream_timeout');

/** The transport, and a question that tells why another way was refused. */
export interface HttpTransport extends BusTransport {
  /** Resolves where the gateway takes the token, and rejects with its refusal where it does not. */
  check(signal: AbortSignal | undefined): Promise<void>;
}

/** Makes the transport. */
export function httpTransport({ url, fetch: ask, timeout }: HttpTransportOptions): HttpTransport {
  const messages = `${url}/bus/messages`;

  /** One request. What the runtime's fetch rejects with becomes `bus_unavailable`. */
  function request(
    address: string,
    init: RequestInit,
    limits: { readonly seconds?: number; readonly maxBytes?: number },
    outer: AbortSignal | undefined,
  ): Promise<Answer> {
    const { seconds = timeout, maxBytes = besideBytes } = limits;
    return withDeadline({ seconds, late }, outer, async (signal) => {
      try {
        const response = await ask(address, { ...init, signal });
        const { status, headers, body } = response;
        return { status, headers, text: decodeUtf8(await readCapped(body, { maxBytes, signal })) };
      } catch (error) {
        if (error instanceof CallerMistake || error instanceof AuthorityError) throw error;
        if (error instanceof TokenError || signal.aborted) throw error;
        throw new TokenError('bus_unavailable', { cause: error });
      }
    });
  }

  return {
    async send(text, signal) {
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: text };
      const answer = await request(messages, init, {}, signal);
      if (answer.status !== 202) throw refusalOf(answer);
    },

    async receive({ max, wait }, signal) {
      const maxBytes = max * (envelopeLimits.messageBytes + besideBytes) + besideBytes;
      const limits = { seconds: timeout + wait, maxBytes };
      const answer = await request(`${messages}?max=${max}&wait=${wait}`, {}, limits, signal);
      if (answer.status !== 200) throw refusalOf(answer);
      return readDeliveries(answer.text ?? '', max);
    },

    async acknowledge({ id, sender }, signal) {
      const query = sender === undefined ? '' : `?sender=${encodeURIComponent(sender)}`;
      const address = `${messages}/${encodeURIComponent(id)}${query}`;
      const answer = await request(address, { method: 'DELETE' }, {}, signal);
      if (answer.status !== 204) throw refusalOf(answer);
    },

    async check(signal) {
      const answer = await request(`${url}/bus/status`, {}, {}, signal);
      if (answer.status !== 200) throw refusalOf(answer);
    },

    // Between requests there is nothing to keep open, and nothing to close
    hold: () => () => {},
    close: async () => {},
  };
}

/** The refusal of a gateway by its own code, of anything else by its status. */
function refusalOf({ status, headers, text = '' }: Answer): TokenError {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
  const cause: HttpCause = { status, retryAfter };
  let code: unknown;
  try {
    ({ code } = scanJsonObject(text).value);
  } catch {
    // No refusal of a gateway's
  }
  // A code that says something else than the status is not believed
  if (isErrorCode(code) && errorCodes[code].status === status)
    return new TokenError(code, { cause });
  if (status === 429) return new TokenError('rate_limited', { cause });
  return new TokenError(status >= 500 ? 'bus_unavailable' : 'upstream_invalid', { cause });
}

/** Takes an answer apart without parsing the messages in it: their exact text is what is digested. */
function readDeliveries(text: string, max: number): readonly Delivery[] {
  try {
    const [start, end] = scanJsonObject(text, { maxDepth: deliveryDepth }).spans.get(
      'messages',
    ) ?? [0, 0];
    const elements = splitJsonArray(text.slice(start, end), deliveryDepth);
    if (elements.length > max) throw new Error('More messages than were asked for');
    return elements.map(scanDelivery);
  } catch (cause) {
    throw new TokenError('upstream_invalid', { cause });
  }
}

// One agent of the demonstration: its token, and its calls to the gateway over HTTP

import { createHash, randomBytes, randomUUID } from 'node:crypto';

/** What the gateway answered. */
export interface Answer {
  readonly status: number;
  /** The code of a refusal. */
  readonly code: string | undefined;
}

/** A message to send; what is left out is made up. */
export interface Draft {
  readonly to: string;
  readonly type: 'REQUEST' | 'RESPONSE';
  readonly payload: object;
  readonly nonce?: string;
}

/** A message as it arrived. */
export interface Message {
  readonly id: string;
  readonly from: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const patience = 20_000;

/** An agent at a gateway. */
export interface Agent {
  readonly id: string;
  readonly token: string;
  send(draft: Draft): Promise<Answer & { readonly id: string; readonly nonce: string }>;
  /** Waits for the message with this id; acknowledges it and whatever an earlier run left before it. */
  receive(id: string): Promise<Message | undefined>;
}

/** What an `Authorization` header alone is answered with. */
export async function callWith(url: string, authorization: string): Promise<Answer> {
  const headers = { Authorization: authorization };
  return answerOf(await fetch(`${url}/whoami`, { headers, signal: AbortSignal.timeout(patience) }));
}

/** Makes an agent that calls the gateway at `url`; `present` adds its token to a request. */
export function makeAgent(
  url: string,
  id: string,
  token: string,
  present: (target: string, init: RequestInit) => Promise<Response>,
): Agent {
  const call = (method: string, path: string, body?: string): Promise<Response> =>
    present(`${url}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(patience),
    });

  return {
    id,
    token,
    async send(draft) {
      const { nonce = randomBytes(8).toString('hex'), payload, ...members } = draft;
      const messageId = randomUUID();
      const text = JSON.stringify(payload);
      // The digest is over the payload's own bytes, so they are written into the message as they are
      const sig = createHash('sha256').update(text).digest('hex');
      const ts = new Date().toISOString();
      const rest = {
        id: messageId,
        from: id,
        ...members,
        subject: 'demonstration',
        ts,
        nonce,
        sig,
      };
      const body = `${JSON.stringify(rest).slice(0, -1)},"payload":${text}}`;
      return {
        ...(await answerOf(await call('POST', '/bus/messages', body))),
        id: messageId,
        nonce,
      };
    },
    async receive(wanted) {
      const end = Date.now() + patience;
      while (Date.now() < end) {
        const response = await call('GET', '/bus/messages?wait=5');
        if (!response.ok) return undefined;
        const { messages } = (await response.json()) as { messages: { message: Message }[] };
        for (const { message } of messages) {
          await call('DELETE', `/bus/messages/${message.id}`);
          if (message.id === wanted) return message;
        }
      }
      return undefined;
    },
  };
}

async function answerOf(response: Response): Promise<Answer> {
  const { code } = (await response.json().catch(() => ({}))) as { code?: string };
  return { status: response.status, code };
}

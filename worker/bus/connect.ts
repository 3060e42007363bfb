// GET /bus/connect: opens a socket in the mailbox of its presenter, or of the agent that it acts for.

import { errorCodes, TokenError, type ErrorCode } from '../../src/verify/index.ts';
import type { Prepared, Target } from '../target.ts';
import { textParameter } from './query.ts';
import { mailboxOf, representScope } from './represent.ts';
import type { SocketToken } from './socket/state.ts';

/** A socket to be opened. */
export interface Opening {
  readonly mailbox: string;
  readonly presented: SocketToken;
}

const mailboxHeader = 'Mailbox';

/** The request by which the gateway asks a mailbox's object for a socket. */
export function openingRequest({ mailbox, presented }: Opening): Request {
  const { token, delegation } = presented;
  const headers = new Headers({
    Upgrade: 'websocket',
    Authorization: `Bearer ${token}`,
    [mailboxHeader]: mailbox,
  });
  if (delegation !== undefined) headers.set('Agent-Delegation', delegation);
  return new Request('https://mailbox.internal/', { headers });
}

/** What such a request says. Nobody but the gateway can send one. */
export function readOpening({ headers }: Request): Opening {
  const [, token] = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '') ?? [];
  const mailbox = headers.get(mailboxHeader);
  if (token === undefined || mailbox === null) throw new TokenError('token_missing');
  return {
    mailbox,
    presented: { token, delegation: headers.get('agent-delegation') ?? undefined },
  };
}

async function refusalOf(answer: Response): Promise<TokenError> {
  const { code } = await answer.json<{ code: ErrorCode }>();
  return new TokenError(Object.hasOwn(errorCodes, code) ? code : 'bus_unavailable');
}

export const connectTarget: Target = {
  read({ agent, query, socket }, { openSocket }): Prepared {
    const mailbox = mailboxOf(agent, textParameter(query, 'agent'));
    if (socket === undefined) throw new TokenError('message_malformed');
    const { token, delegation, protocol } = socket;
    return {
      required: representScope(agent, mailbox),
      async run() {
        const answer = await openSocket(mailbox, { token, delegation });
        if (answer.webSocket === null) throw await refusalOf(answer);
        const headers = protocol === undefined ? {} : { 'Sec-WebSocket-Protocol': protocol };
        return new Response(null, { status: 101, webSocket: answer.webSocket, headers });
      },
    };
  },
};

// The gateway as the bridge uses it for one agent: messages out by their exact bytes, messages in from the agent's mailbox

import {
  AuthorityError,
  createAuthenticatedFetch,
  createBusClient,
  TokenError,
  type AccessTokenSource,
  type BusClient,
  type ReceivedMessage,
  type RefusedMessage,
} from '../../src/index.ts';
import { readAnswer } from '../output/answer.ts';
import { CommandFailure, exitCodes, systemCode } from '../output/failure.ts';

/** What the bridge does at the gateway for one agent. */
export interface Wire {
  /** Sends the exact bytes of a message; rejects unless the gateway has it. */
  readonly send: (bytes: Uint8Array) => Promise<void>;
  /** Leases messages of the agent's mailbox. */
  readonly receive: (wait: number) => Promise<readonly ReceivedMessage[]>;
  readonly acknowledge: (message: ReceivedMessage) => Promise<void>;
}

/** How many messages are leased at once: what is held in memory of one agent. */
const most = 20;
const patience = 30_000;

/** Makes the wire. */
export function openWire(
  url: string,
  agent: string,
  source: AccessTokenSource,
  onRefused: (message: RefusedMessage) => void,
): Wire {
  const ask = createAuthenticatedFetch({ source, origins: [url] });
  // The agent's mailbox, not the bridge's own
  const asked: typeof ask = (input, init) => {
    const address = new URL(input instanceof Request ? input.url : input);
    address.searchParams.set('agent', agent);
    return ask(address, init);
  };
  const bus: BusClient = createBusClient({ url, fetch: asked, transport: 'http', onRefused });
  return {
    async send(body) {
      const signal = AbortSignal.timeout(patience);
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: new Uint8Array(body), signal };
      await readAnswer(ask(`${url}/bus/messages`, init));
    },
    receive: (wait) => bus.receive({ max: most, wait }),
    acknowledge: (message) => bus.acknowledge(message),
  };
}

/** What a failure means: the message is refused, the agent is, or it may go better later. */
export interface Fault {
  readonly kind: 'message' | 'agent' | 'later';
  readonly code: string;
}

/** Judges a failure; `undefined` for one that is a mistake of the program. */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof CommandFailure) {
    if (error.exitCode !== exitCodes.refused) return { kind: 'later', code: error.code };
    return { kind: isOfMessage(error.code) ? 'message' : 'agent', code: error.code };
  }
  if (error instanceof TokenError) {
    const { code, status, cause } = error;
    // What the token source says, which the client takes for a failure of the network
    if (cause instanceof CommandFailure) return faultOf(cause);
    const isRefusal = status < 500 && code !== 'rate_limited';
    if (!isRefusal) return { kind: 'later', code };
    return { kind: isOfMessage(code) ? 'message' : 'agent', code };
  }
  if (error instanceof AuthorityError) return { kind: 'agent', code: error.code };
  const code = systemCode(error);
  return code === undefined ? undefined : { kind: 'later', code };
}

/** What is refused of one message alone; everything else is said of who asks. */
const messageCodes: ReadonlySet<string> = new Set([
  'message_expired',
  'message_integrity',
  'message_malformed',
  'message_replayed',
  'message_too_large',
  'scope_insufficient',
  'sender_mismatch',
  'tier_insufficient',
]);

const isOfMessage = (code: string): boolean => messageCodes.has(code);

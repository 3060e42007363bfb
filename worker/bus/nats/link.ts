// One connection to NATS over its WebSocket listener: opened when it is needed, given up when it is lost.

import {
  credsAuthenticator,
  headers,
  NoRespondersError,
  tokenAuthenticator,
  wsconnect,
  type Authenticator,
  type Msg,
  type NatsConnection,
} from '@nats-io/nats-core';
import { streams, streamSubjects } from './names.ts';

/** Where NATS is, and what opens it. */
export interface NatsOptions {
  /** The WebSocket listener. */
  readonly url: string;
  /** A token, or the text of a credentials file; `undefined`: the server asks for nothing. */
  readonly secret: string | undefined;
  /** How long a lease lasts, in milliseconds. Not for production: the contract says 30 s. */
  readonly leaseMs?: number;
}

/** A connection, and what was made sure of over it. */
export interface Session {
  readonly connection: NatsConnection;
  /** Consumers that are there. */
  readonly consumers: Set<string>;
  /** Settles as `work` does, but rejects when the connection is lost: then nobody would ever answer. */
  until<T>(work: Promise<T>): Promise<T>;
}

/** The connection as its users see it. */
export interface NatsLink {
  session(): Promise<Session>;
  /** Asks a part of the JetStream API; what it answers may be an error of its own. */
  api(subject: string, body?: object): Promise<ApiAnswer>;
  /** Sends one request; rejects when nobody answers in time. */
  request(subject: string, message: NatsRequest): Promise<Msg>;
}

/** What a request carries. */
export interface NatsRequest {
  readonly data?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds; the default is what every call may take. */
  readonly timeout?: number;
}

/** An answer of the JetStream API: its own members, or an error. */
export type ApiAnswer = Readonly<Record<string, unknown>> & {
  readonly error?: { readonly err_code?: number };
};

const connectTimeout = 2_000;
const callTimeout = 3_000;
/** A connection that nobody used for so long is closed: the object that holds it can go. */
const idleMs = 60_000;
const nanos = 1_000_000;
/** A message lives for its ttl of an hour at most; its clock may be a minute off. */
const rememberFor = 3_720_000 * nanos;
/** `stream name already in use with a different configuration`: an operator made it, with replicas. */
const madeByOthers = 10_058;

const common = {
  storage: 'file',
  max_age: rememberFor,
  discard: 'new',
  num_replicas: 1,
};

const configurations = [
  {
    ...common,
    name: streams.messages,
    subjects: [streamSubjects.messages],
    // What is acknowledged is gone, and the cap counts what waits
    retention: 'workqueue',
    max_msgs_per_subject: 10_000,
    discard_new_per_subject: true,
    duplicate_window: rememberFor,
  },
  {
    ...common,
    name: streams.state,
    subjects: [streamSubjects.state],
    retention: 'limits',
    discard: 'old',
    max_msgs_per_subject: 1,
  },
];

function authenticatorOf(secret: string | undefined): Authenticator[] {
  if (secret === undefined) return [];
  return secret.includes('-----BEGIN NATS USER JWT-----')
    ? [credsAuthenticator(new TextEncoder().encode(secret))]
    : [tokenAuthenticator(secret)];
}

async function connect({ url, secret }: NatsOptions): Promise<NatsConnection> {
  const connection = await wsconnect({
    servers: url,
    timeout: connectTimeout,
    reconnect: false,
    ignoreClusterUpdates: true,
    authenticator: authenticatorOf(secret),
    noAsyncTraces: true,
  });
  for (const configuration of configurations) {
    const subject = `$JS.API.STREAM.CREATE.${configuration.name}`;
    const options = { timeout: callTimeout };
    const answer = await connection.request(subject, JSON.stringify(configuration), options);
    const { error } = answer.json<ApiAnswer>();
    if (error !== undefined && error.err_code !== madeByOthers) {
      await connection.close();
      throw new Error('The streams cannot be made');
    }
  }
  return connection;
}

/** Makes a link. Connects at the first call, and anew when the connection was lost. */
export function createNatsLink(options: NatsOptions): NatsLink {
  let opening: Promise<Session> | undefined;
  let idle: ReturnType<typeof setTimeout> | undefined;

  function open(): Promise<Session> {
    const opened = connect(options).then((connection) => {
      const lost = connection.closed().then(() => {
        forget();
        throw new Error('NATS is gone');
      });
      lost.catch(() => undefined);
      const until = <T>(work: Promise<T>): Promise<T> => Promise.race([work, lost]);
      return { connection, consumers: new Set<string>(), until };
    });
    const forget = (): void => {
      if (opening === opened) opening = undefined;
    };
    opened.catch(forget);
    return opened;
  }

  async function session(): Promise<Session> {
    opening ??= open();
    const found = await opening;
    clearTimeout(idle);
    idle = setTimeout(() => void found.connection.close(), idleMs);
    return found;
  }

  async function request(subject: string, message: NatsRequest): Promise<Msg> {
    const { connection, until } = await session();
    try {
      const options = {
        timeout: message.timeout ?? callTimeout,
        ...(message.headers === undefined ? {} : { headers: headersOf(message.headers) }),
      };
      return await until(connection.request(subject, message.data, options));
    } catch (error) {
      // Whatever was not answered in time must not arrive later, out of some buffer
      if (!(error instanceof NoRespondersError)) connection.close().catch(() => undefined);
      throw error;
    }
  }

  return {
    session,
    request,
    async api(subject, body) {
      const data = body === undefined ? {} : { data: JSON.stringify(body) };
      return (await request(`$JS.API.${subject}`, data)).json<ApiAnswer>();
    },
  };
}

function headersOf(values: Readonly<Record<string, string>>): ReturnType<typeof headers> {
  const made = headers();
  for (const [name, value] of Object.entries(values)) made.set(name, value);
  return made;
}

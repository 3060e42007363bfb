// Which gateway a command asks, and as whom: the options that commands of the authority share

import type { Command } from 'commander';
import { createAuthenticatedFetch, createTokenSource, type SigningKey } from '../src/index.ts';
import { readAnswer, readLines, type Members } from './output/answer.ts';
import { usage } from './output/failure.ts';
import { readSigningKey } from './input/key_files.ts';
import { readAgentId } from './input/options.ts';

/** The shared options. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly issuer?: string;
  readonly id?: string;
  readonly key?: string;
  readonly json?: true;
}

const defaultUrl = 'http://127.0.0.1:8787';
const loopback = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** Adds where the gateway is. */
export function addGateway(command: Command): Command {
  return command.option(
    '--url <origin>',
    `the gateway (default: SWARMGATE_URL, else "${defaultUrl}")`,
  );
}

/** Adds the options of a command that an operator gives. */
export function addOperator(command: Command): Command {
  return addIssuer(addGateway(command))
    .option('--id <agent id>', 'who asks (default: "operator")', readAgentId)
    .option('--key <file>', 'the private key of who asks (default: SWARMGATE_KEY)')
    .option('--json', 'print one JSON object');
}

/** Adds the authority's name, which is the gateway's address unless it says otherwise. */
export function addIssuer(command: Command): Command {
  return command.option('--issuer <url>', "the authority's ISSUER, where it is not its address");
}

/** The gateway's origin. What is wrong with it is said without it: it may hold a password. */
export function gatewayUrl({ url: given }: Pick<ConnectionOptions, 'url'>): string {
  const { SWARMGATE_URL: fallback = '' } = process.env;
  const text = given ?? (fallback === '' ? defaultUrl : fallback);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSecure = url?.protocol === 'https:';
  const isLocal = url?.protocol === 'http:' && loopback.test(url.hostname);
  if (url === undefined || (!isSecure && !isLocal) || url.href !== `${url.origin}/`) {
    throw usage(
      '--url (or SWARMGATE_URL) must be an https origin such as https://gate.example; http on loopback only',
    );
  }
  return url.origin;
}

/** The key that `--key` or SWARMGATE_KEY names. */
export async function namedKey({ key }: Pick<ConnectionOptions, 'key'>): Promise<SigningKey> {
  const { SWARMGATE_KEY: fallback = '' } = process.env;
  const path = key ?? fallback;
  if (path === '') {
    throw usage(
      'Say whose private key to ask with: --key <file>, or SWARMGATE_KEY with the name of the file\nThe operator of a development gateway has .dev/keys/operator.json',
    );
  }
  return readSigningKey(path, undefined);
}

/** How a token source finds the authority: by its metadata, or at the address of another issuer. */
export function authorityAt(url: string, issuer: string | undefined): AuthorityAddress {
  if (issuer === undefined) return { issuer: url };
  return { issuer, tokenEndpoint: `${url}/token`, revocationEndpoint: `${url}/revoke` };
}

interface AuthorityAddress {
  readonly issuer: string;
  readonly tokenEndpoint?: string;
  readonly revocationEndpoint?: string;
}

/** A gateway as one agent asks it. */
export interface Connection {
  readonly url: string;
  readonly id: string;
  readonly key: SigningKey;
  /** Sends JSON, or a form, with a token and a proof; answers the JSON object, or throws. */
  call(method: string, path: string, body?: object): Promise<Members>;
  /** Reads a page of lines as text, or throws. */
  read(path: string): Promise<string>;
}

const patience = 30_000;

/** Opens the connection; nothing is asked before the first call. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const url = gatewayUrl(options);
  const { id = 'operator', issuer } = options;
  const key = await namedKey(options);
  const send = authenticated(authorityAt(url, issuer), url, id, key);
  return {
    url,
    id,
    key,
    read: (path) => readLines(send(url + path, { signal: AbortSignal.timeout(patience) })),
    call: (method, path, body) =>
      readAnswer(
        send(`${url}${path}`, {
          method,
          ...(body === undefined ? {} : bodyOf(body)),
          signal: AbortSignal.timeout(patience),
        }),
      ),
  };
}

function bodyOf(body: object): Pick<RequestInit, 'headers' | 'body'> {
  if (body instanceof URLSearchParams) return { body };
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** The token is not revoked at the end: it is bound to the key, and ends with the process. */
function authenticated(
  authority: AuthorityAddress,
  url: string,
  clientId: string,
  key: SigningKey,
): ReturnType<typeof createAuthenticatedFetch> {
  try {
    const source = createTokenSource({ ...authority, clientId, key });
    return createAuthenticatedFetch({ source, origins: [url] });
  } catch (error) {
    if (error instanceof TypeError) throw usage(`The authority cannot be asked: ${error.message}`);
    throw error;
  }
}

// A server of status lists as the cases need it: good ones, forged ones, answers by hand, a clock by hand

import {
  makeStatusListToken,
  localKeys,
  statusListSource,
  type RevocationSource,
  type StatusListOptions,
  type TokenIdentity,
} from '../../../src/index.ts';
import { change, sign, type Json } from './forge.ts';
import { identityOf } from './revocations.ts';
import { keyOf, movableClock, now } from './world.ts';

export const listIssuer = 'https://authority.example';
export const listUri = `${listIssuer}/status/0`;

/** The statuses of the good list: 1 at index 1, 2 at index 4. */
const goodStatuses = new Uint8Array([0b0000_0100, 0b0000_0010]);

/** The good list, signed by the issuer. */
export async function goodList(clock: () => number = () => now): Promise<string> {
  const key = await keyOf('ES256', 'trusted');
  const options = { key, issuer: listIssuer, uri: listUri, ttl: 60, lifetime: 3600 };
  return makeStatusListToken({ ...options, bits: 2, statuses: goodStatuses, clock });
}

/** Changes to the good list. */
export interface ListChanges {
  readonly header?: Json;
  readonly claims?: Json;
  /** Changes to `status_list`. */
  readonly list?: Json;
  readonly signer?: string;
}

/** A forged list: any header and claims, whoever signs. */
export async function forgedList({
  header = {},
  claims = {},
  list = {},
  signer = 'trusted',
}: ListChanges): Promise<string> {
  const { kid } = await keyOf('ES256', 'trusted');
  const { privateKey } = await keyOf('ES256', signer);
  const head = { alg: 'ES256', typ: 'statuslist+jwt', kid };
  const body = {
    iss: listIssuer,
    sub: listUri,
    iat: now - 10,
    exp: now + 3600,
    ttl: 60,
    status_list: change({ bits: 2, lst: 'eNo76fITAAPfAgc' }, list),
  };
  return sign(privateKey, change(head, header), change(body, claims));
}

/** An answer with a list. */
export const answer = (token: string, init: ResponseInit = {}): Response =>
  new Response(token, { headers: { 'content-type': 'application/statuslist+jwt' }, ...init });

/** The identity of a token with a status. */
export const listed = (idx: number, uri: string = listUri, issuer = listIssuer): TokenIdentity =>
  identityOf({ issuer, status: { idx, uri } });

/** A source in front of a server by hand. */
export interface ListWorld {
  readonly source: RevocationSource;
  readonly set: (time: number) => void;
  /** The addresses that were asked for. */
  readonly asked: string[];
  serve: (url: string, init: RequestInit) => Response | Promise<Response>;
}

/** Makes a source; unless told otherwise its server has the good list. */
export async function listWorld(options: Partial<StatusListOptions> = {}): Promise<ListWorld> {
  const { read, set } = movableClock();
  const keys = await localKeys((await keyOf('ES256', 'trusted')).publicJwk);
  const asked: string[] = [];
  const world: ListWorld = {
    source: statusListSource({
      issuers: [{ issuer: listIssuer, keys }],
      fetch: async (url, init) => {
        asked.push(url);
        return world.serve(url, init);
      },
      clock: read,
      ...options,
    }),
    set,
    asked,
    serve: async () => answer(await goodList(read)),
  };
  return world;
}

// What is measured of a status list in every runtime: tokens that are checked against it, cold and warm.

import {
  localKeys,
  statusListSource,
  type RevocationSource,
  type TokenIdentity,
} from '../../src/verify/index.ts';

/** A list as its home serves it. */
export interface ProbeList {
  readonly home: string;
  readonly uri: string;
  readonly token: string;
  /** The public key that it verifies with. */
  readonly key: JsonWebKey;
  /** Entries of the list. */
  readonly size: number;
}

/** The checks; how long they take, whoever calls them measures. */
export interface Probe {
  /** The first token of a source that holds nothing: fetch, signature, inflate, look-up. */
  cold(rounds: number): Promise<void>;
  /** Tokens of a list that is held already. */
  warm(rounds: number): Promise<number>;
}

/** Prepares the checks: the list comes without a network, as one cached copy of its bytes. */
export async function makeProbe({ home, uri, token, key, size }: ProbeList): Promise<Probe> {
  const keys = await localKeys({ ...key, kty: key.kty ?? 'EC' });
  const open = (): RevocationSource =>
    statusListSource({
      issuers: [{ issuer: home, keys }],
      fetch: async () =>
        new Response(token, { headers: { 'content-type': 'application/statuslist+jwt' } }),
    });
  const identity = (idx: number): TokenIdentity => ({
    issuer: home,
    tokenId: 'a',
    sessionId: undefined,
    agentIds: ['planner'],
    keyThumbprint: 'k',
    jkt: undefined,
    issuedAt: 0,
    expiresAt: 0,
    status: { idx, uri },
  });
  const held = open();
  await held.isRevoked(identityChain(0));

  function identityChain(idx: number): readonly TokenIdentity[] {
    return [identity(idx % size)];
  }

  return {
    async cold(rounds) {
      for (let at = 0; at < rounds; at++) await open().isRevoked(identityChain(at));
    },
    async warm(rounds) {
      let revoked = 0;
      for (let at = 0; at < rounds; at++) {
        if ((await held.isRevoked(identityChain(at))) !== false) revoked++;
      }
      return revoked;
    },
  };
}

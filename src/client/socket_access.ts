// The token that a socket hangs on: which one it is, its proof, and what it means when the gateway ends it.

import { TokenError } from '../errors/token_error.ts';
import { createDpopProof } from '../proof/dpop.ts';
import type { AccessToken, AccessTokenSource } from './access_token.ts';
import { AuthorityError } from './authority_error.ts';
import { checkAccess } from './presented.ts';

/** The token of a socket, and of the one after it. */
export interface SocketAccess {
  /**
   * The current token. One that the gateway ended is not presented again.
   *
   * @throws the loss by which it ended, where there is no other; what the source rejects with
   */
  now(signal: AbortSignal): Promise<AccessToken>;
  /** A proof for opening the socket, or for going on with another token; none for a bearer token. */
  proofOf(access: AccessToken): Promise<string | undefined>;
  /** The gateway ended the token that was presented last. */
  end(loss: TokenError): void;
  /** What an error means to a caller: a token's end is for good only where there is no other. */
  meaning(error: unknown, signal: AbortSignal): Promise<unknown>;
}

/** What it works with. */
export interface SocketAccessOptions {
  readonly source: AccessTokenSource;
  /** The address that proofs name: http or https (RFC 9449 section 4.2). */
  readonly htu: string;
  /** Seconds since the epoch. */
  readonly clock: () => number;
}

/** Makes it; nothing is asked of the source yet. */
export function socketAccess({ source, htu, clock }: SocketAccessOptions): SocketAccess {
  let current: AccessToken | undefined;
  let ended: AccessToken | undefined;
  let ending: TokenError | undefined;

  async function other(refused: AccessToken, signal: AbortSignal): Promise<AccessToken> {
    try {
      const next = checkAccess(await source.token({ signal, refused }));
      if (next.token !== refused.token) return next;
    } catch (error) {
      const isRefused = error instanceof AuthorityError && error.code === 'authority_refused';
      if (!isRefused) throw error;
    }
    throw ending ?? new TokenError('token_revoked');
  }

  async function now(signal: AbortSignal): Promise<AccessToken> {
    const next =
      ended === undefined
        ? checkAccess(await source.token({ signal }))
        : await other(ended, signal);
    ended = undefined;
    current = next;
    return next;
  }

  return {
    now,

    async proofOf({ scheme, key, token }) {
      if (scheme === 'Bearer' || key === undefined) return undefined;
      const time = (): number => Math.floor(clock());
      return createDpopProof({ key, method: 'GET', url: htu, token, clock: time });
    },

    end(loss) {
      ended = current;
      ending = loss;
    },

    async meaning(error, signal) {
      if (error === undefined || error !== ending) return error;
      try {
        await now(signal);
      } catch (reason) {
        return reason;
      }
      return new TokenError('bus_unavailable', { cause: error });
    },
  };
}

// One request to the authority's token endpoint, and its answer; once more where it wants a nonce in the proof

import { createClientAssertion, createDpopProof, type SigningKey } from '../src/index.ts';
import { readAnswer, type Members } from './output/answer.ts';
import { CommandFailure, environment } from './output/failure.ts';

/** Who asks, and where. */
export interface TokenAsker {
  /** The gateway's address. */
  readonly url: string;
  /** The authority's name. */
  readonly issuer: string;
  readonly id: string;
  readonly key: SigningKey;
}

/** What is asked for besides the form. */
export interface TokenWish {
  /** Whether the token is to be bound to the key. */
  readonly bound: boolean;
  /** The hops beside the subject token. */
  readonly delegation?: string | undefined;
}

/** The grant that exchanges a token for another (RFC 8693). */
export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** The type of the tokens that are exchanged. */
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

const patience = 30_000;
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Asks, and throws the failure that anything but a token is. */
export async function requestToken(
  { url, issuer, id: clientId, key }: TokenAsker,
  form: Readonly<Record<string, string>>,
  { bound, delegation }: TokenWish,
): Promise<Members & { readonly access_token: string }> {
  let nonce: string | undefined;
  const target = `${url}/token`;
  const ask = async (): Promise<Members> => {
    const assertion = await createClientAssertion({ key, clientId, issuer });
    const given = nonce === undefined ? {} : { nonce };
    const proof = { dpop: await createDpopProof({ key, method: 'POST', url: target, ...given }) };
    const body = new URLSearchParams({
      ...form,
      client_id: clientId,
      client_assertion_type: assertionType,
      client_assertion: assertion,
    });
    const sent = fetch(target, {
      method: 'POST',
      headers: {
        ...(bound ? proof : {}),
        ...(delegation === undefined ? {} : { 'agent-delegation': delegation }),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
    });
    return readAnswer(
      sent.then((response) => {
        nonce = response.headers.get('dpop-nonce') ?? undefined;
        return response;
      }),
    );
  };
  const answer = await onceMore(ask, () => nonce !== undefined);
  const { access_token: token } = answer;
  if (typeof token !== 'string' || token === '') {
    throw environment('The authority answers with something that is no token');
  }
  return { ...answer, access_token: token };
}

/** A second time with the nonce that the authority wants to see (RFC 9449 section 8). */
async function onceMore(ask: () => Promise<Members>, hasNonce: () => boolean): Promise<Members> {
  try {
    return await ask();
  } catch (error) {
    const wantsNonce =
      error instanceof CommandFailure &&
      /^(?:use_dpop_nonce|proof_nonce_required)$/.test(error.code);
    if (!wantsNonce || !hasNonce()) throw error;
    return ask();
  }
}

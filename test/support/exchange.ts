// Exchanging tokens over HTTP: what the tests of delegation by the authority share

import { mintTokenProof, postForm, tokenForm, type JsonAnswer } from './authority.ts';
import type { TestKey } from './tokens.ts';

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** Who exchanges: a client, its key, and the key of its proof; `null`: without a proof. */
export interface Asker {
  readonly id: string;
  readonly key: TestKey;
  readonly proofKey?: TestKey | null;
}

/** The fields of an exchange, with a fresh assertion. */
export async function exchangeForm(
  { id, key }: Asker,
  subjectToken: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  return tokenForm(key, id, {
    grant_type: exchangeGrant,
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
    ...fields,
  });
}

/** Asks for an exchange, with a proof by the asker's own key unless it says otherwise. */
export async function exchange(
  url: string,
  asker: Asker,
  subjectToken: string,
  fields: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<JsonAnswer> {
  const { key, proofKey = key } = asker;
  const proof: Record<string, string> =
    proofKey === null ? {} : { dpop: await mintTokenProof(proofKey) };
  const form = await exchangeForm(asker, subjectToken, fields);
  return postForm(`${url}/token`, form, { ...proof, ...headers });
}

/** An exchange that must be granted: its token. */
export async function exchanged(
  url: string,
  asker: Asker,
  subjectToken: string,
  fields: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { status, body } = await exchange(url, asker, subjectToken, fields, headers);
  if (status !== 200) throw new Error(`No exchange: ${status} ${JSON.stringify(body)}`);
  return String(body['access_token']);
}

/** The status of an answer, and the OAuth error of a refusal. */
export const errorOf = ({ status, body }: JsonAnswer): string =>
  status === 200 ? '200' : `${status} ${String(body['error'])}`;

// DPoP nonces: what a server wants to see in the next proof (RFC 9449 sections 8 and 9).

// Section 8.1: NQCHAR
const nonceText = /^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/;

/** The nonce that an answer brings, if it brings one. */
export function readNonce(headers: Headers): string | undefined {
  const nonce = headers.get('dpop-nonce');
  return nonce !== null && nonceText.test(nonce) ? nonce : undefined;
}

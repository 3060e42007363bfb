// The credential: one, well-formed, in one place

import { describe, expect, test } from 'vitest';
import { TokenError } from '../../src/verify/index.ts';
import { admit } from '../../worker/gateway/admit.ts';

const noQuery = new URLSearchParams();

function outcome(headers: Record<string, string>, query = ''): unknown {
  try {
    return admit(new Headers(headers), new URLSearchParams(query));
  } catch (error) {
    if (error instanceof TokenError) return error.code;
    throw error;
  }
}

describe('admit()', () => {
  test.each([
    ['Bearer a.b.c', 'Bearer'],
    ['bearer a.b.c', 'Bearer'],
    ['BEARER a.b.c', 'Bearer'],
    ['Bearer  a.b.c', 'Bearer'],
    ['DPoP a.b.c', 'DPoP'],
    ['dpop   a.b.c', 'DPoP'],
  ])('takes %j', (authorization, scheme) => {
    expect(outcome({ authorization })).toEqual({ scheme, token: 'a.b.c', proof: undefined });
  });

  test('takes the proof beside the DPoP scheme, and no other', () => {
    expect(outcome({ authorization: 'DPoP t', dpop: 'p' })).toMatchObject({ proof: 'p' });
    expect(outcome({ authorization: 'Bearer t', dpop: 'p' })).toMatchObject({ proof: undefined });
  });

  test.each([
    ['nothing', {}, 'token_missing'],
    ['an empty header', { authorization: '' }, 'token_missing'],
    ['Basic', { authorization: 'Basic dTpw' }, 'token_missing'],
    ['Token', { authorization: 'Token a.b.c' }, 'token_missing'],
    ['no scheme', { authorization: 'a.b.c' }, 'token_missing'],
    ['the scheme alone', { authorization: 'Bearer' }, 'token_malformed'],
    ['spaces for a token', { authorization: 'Bearer    ' }, 'token_malformed'],
    ['a tab', { authorization: 'Bearer\ta.b.c' }, 'token_malformed'],
    ['a no-break space', { authorization: 'Bearer \u00a0a.b.c' }, 'token_malformed'],
    ['something after it', { authorization: 'Bearer a.b.c x' }, 'token_malformed'],
    ['quotes', { authorization: 'Bearer "a.b.c"' }, 'token_malformed'],
    ['an equals sign', { authorization: 'Bearer=a.b.c' }, 'token_malformed'],
    ['no space', { authorization: 'bearera.b.c' }, 'token_malformed'],
    ['two tokens', { authorization: 'Bearer a, Bearer b' }, 'credential_ambiguous'],
    ['two schemes', { authorization: 'Basic dTpw, Bearer b' }, 'credential_ambiguous'],
    ['an empty second', { authorization: 'Bearer a,' }, 'credential_ambiguous'],
    [
      'a token among the subprotocols too',
      { authorization: 'Bearer a', 'sec-websocket-protocol': 'swarmbus.v1, bearer.b' },
      'credential_ambiguous',
    ],
    [
      'a bound one among the subprotocols too',
      { authorization: 'DPoP a', 'sec-websocket-protocol': 'swarmbus.v1,dpop.b, proof.p' },
      'credential_ambiguous',
    ],
    ['two proofs', { authorization: 'DPoP a', dpop: 'p, q' }, 'proof_invalid'],
    ['a cookie', { cookie: 'access_token=a.b.c' }, 'token_missing'],
    ['another header', { 'x-access-token': 'a.b.c' }, 'token_missing'],
    ['a proxy credential', { 'proxy-authorization': 'Bearer a.b.c' }, 'token_missing'],
  ])('with %s', (_name, headers, code) => {
    expect(outcome(headers as Record<string, string>)).toBe(code);
  });

  test('never uses a token in the query', () => {
    expect(outcome({}, 'access_token=a.b.c')).toBe('token_missing');
    expect(outcome({ authorization: 'Bearer a' }, 'access_token=b')).toBe('credential_ambiguous');
    expect(outcome({ authorization: 'Bearer a' }, '%61ccess_token=')).toBe('credential_ambiguous');
  });

  test('says nothing of what was sent', () => {
    expect(() => admit(new Headers({ authorization: 'Bearer se cret' }), noQuery)).toThrow(
      'The token is not a well-formed compact JWS',
    );
  });
});

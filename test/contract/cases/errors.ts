// The table of errors, TokenError, and the challenge that is made of a code

import { challengeFor, errorCodes, TokenError, type ErrorCode } from '../../../src/index.ts';
import { deepEqual, equal, type ContractCase } from '../case.ts';
import { statedCodes } from '../support/design_codes.ts';

const codes = Object.keys(errorCodes) as readonly ErrorCode[];

/** One challenge, taken apart: `auth-param`s are names with quoted values (RFC 9110 section 11.2). */
function parse(challenge: string): { scheme: string; parameters: Record<string, string> } {
  const [scheme = '', ...rest] = challenge.split(' ');
  const text = rest.join(' ');
  const parameters: Record<string, string> = {};
  const one = /([a-z_]+)="([\x20\x21\x23-\x5b\x5d-\x7e]*)"(?:, |$)/y;
  while (one.lastIndex < text.length) {
    const match = one.exec(text);
    if (match?.[1] === undefined) throw new Error(`The challenge cannot be read: ${challenge}`);
    parameters[match[1]] = match[2] ?? '';
  }
  return { scheme, parameters };
}

export const cases: readonly ContractCase[] = [
  {
    name: 'errorCodes has exactly the stated codes, statuses and OAuth errors',
    run: async () => {
      const own = codes.map((code) => {
        const { status, error } = errorCodes[code];
        return { code, status, error };
      });
      const byCode = (a: { code: string }, b: { code: string }): number =>
        a.code < b.code ? -1 : 1;
      deepEqual(own.toSorted(byCode), statedCodes.toSorted(byCode), 'table');
    },
  },
  {
    name: 'errorCodes cannot be changed, and its texts follow the rules of wording',
    run: async () => {
      equal(Object.isFrozen(errorCodes), true, 'frozen table');
      for (const code of codes) {
        const row = errorCodes[code];
        equal(Object.isFrozen(row), true, `frozen row ${code}`);
        // RFC 6750 section 3: the characters that error_description may have.
        equal(/^[A-Z][\x20\x21\x23-\x5b\x5d-\x7e]*[^.]$/.test(row.description), true, code);
      }
    },
  },
  ...codes.map((code): ContractCase => ({
    name: `TokenError says of ${code} what the table says`,
    run: async () => {
      const { status, stage, description } = errorCodes[code];
      const error = new TokenError(code);
      equal(error.code, code, 'code');
      equal(error.status, status, 'status');
      equal(error.stage, stage, 'stage');
      equal(error.message, description, 'message');
      equal(error.name, 'TokenError', 'name');
      equal(error.cause, undefined, 'cause');
      equal(new TokenError(code, { member: 'exp' }).message, `${description}: "exp"`, 'message');
    },
  })),
  ...codes.map((code): ContractCase => ({
    name: `challengeFor() makes of ${code} the challenge that its status takes`,
    run: async () => {
      const { status, error, description, stage } = errorCodes[code];
      const challenge = challengeFor(code);
      equal(challenge !== undefined, status === 401 || error !== undefined, 'has a challenge');
      if (challenge === undefined) return;
      const { scheme, parameters } = parse(challenge);
      equal(scheme, stage === 'proof' ? 'DPoP' : 'Bearer', 'scheme');
      deepEqual(
        parameters,
        error === undefined ? {} : { error, error_description: description },
        'parameters',
      );
    },
  })),
  {
    name: 'challengeFor() gives no error code where no token was sent',
    run: async () => equal(challengeFor('token_missing'), 'Bearer', 'challenge'),
  },
  {
    name: 'challengeFor() adds scope, algorithms and metadata where they belong',
    run: async () => {
      const options = {
        scope: ['bus:publish', 'bus:receive'],
        resourceMetadata: 'https://bus.example/.well-known/oauth-protected-resource',
        algs: ['ES256', 'Ed25519'],
      };
      const bearer = parse(challengeFor('scope_insufficient', options) ?? '');
      equal(bearer.scheme, 'Bearer', 'scheme');
      deepEqual(
        bearer.parameters,
        {
          error: 'insufficient_scope',
          error_description: 'The token lacks a required scope',
          scope: 'bus:publish bus:receive',
          resource_metadata: options.resourceMetadata,
        },
        'parameters',
      );
      const dpop = parse(challengeFor('proof_invalid', options) ?? '');
      equal(dpop.scheme, 'DPoP', 'scheme');
      equal(dpop.parameters['algs'], 'ES256 Ed25519', 'algs');
      const chosen = parse(challengeFor('token_missing', { ...options, scheme: 'DPoP' }) ?? '');
      equal(chosen.scheme, 'DPoP', 'scheme');
      equal(chosen.parameters['error'], undefined, 'error');
      const none = parse(challengeFor('scope_insufficient', { scope: [] }) ?? '');
      equal(none.parameters['scope'], undefined, 'scope of nothing');
    },
  },
  {
    name: 'challengeFor() lets no value break out of its quotes or its line',
    run: async () => {
      const hostile = 'a" b\\ \r\nX-Admin: 1\u0000é\u202e';
      const challenge =
        challengeFor('scope_insufficient', { scope: hostile, resourceMetadata: hostile }) ?? '';
      equal(parse(challenge).parameters['scope'], 'a b X-Admin: 1', 'scope');
      const headers = new Headers({ 'WWW-Authenticate': challenge });
      equal(headers.get('WWW-Authenticate'), challenge, 'header');
    },
  },
];

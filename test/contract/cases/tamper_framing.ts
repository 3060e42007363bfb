// Encoding and framing: one token has one spelling, and its size is capped before anything else

import { createVerifier, localKeys, type Verifier } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { segment, signSegments, split } from '../support/forge.ts';
import { refused, rejects, type Mutation } from '../support/mutations.ts';
import { clock, world, type World } from '../support/world.ts';

const code = 'token_malformed';

const malformed = (name: string, mutate: Mutation['mutate']): Mutation => ({ name, mutate, code });

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The text with the unused bits of its last character set: lenient decoders read the same bytes. */
function trailingBits(text: string, bits: number): string {
  const value = alphabet.indexOf(text.slice(-1));
  return text.slice(0, -1) + alphabet.charAt(value | bits);
}

const signatureAlias = (make: (signature: string) => string): Mutation['mutate'] => {
  return ({ token }) => {
    const [header, payload, signature] = split(token);
    return `${header}.${payload}.${make(signature)}`;
  };
};

/** A payload with a tail of unused bits; its signature is over the text as sent. */
async function payloadAlias(from: World): Promise<string> {
  // One byte more until the length leaves unused bits.
  for (const pad of ['', ' ', '  ']) {
    const text = segment(JSON.stringify(from.claims) + pad);
    if (text.length % 4 !== 0) {
      return signSegments(from.key.privateKey, segment(from.header), trailingBits(text, 1));
    }
  }
  throw new Error('no payload with unused bits');
}

async function paddedHeader(from: World): Promise<string> {
  const header = segment(from.header);
  const padding = '='.repeat((4 - (header.length % 4)) % 4 || 4);
  return signSegments(from.key.privateKey, header + padding, segment(from.claims));
}

const aliases: readonly Mutation[] = [
  malformed(
    'trailing bits in the signature',
    signatureAlias((text) => trailingBits(text, 1)),
  ),
  malformed(
    'other trailing bits in the signature',
    signatureAlias((text) => trailingBits(text, 8)),
  ),
  malformed('trailing bits in the payload, signed as sent', payloadAlias),
  malformed('a signature with ==', ({ token }) => `${token}==`),
  malformed('a signature with =', ({ token }) => `${token}=`),
  malformed('a signature with ===', ({ token }) => `${token}===`),
  malformed('a padded header, signed as sent', paddedHeader),
  malformed('a space before the token', ({ token }) => ` ${token}`),
  malformed('a space after the token', ({ token }) => `${token} `),
  malformed('a line feed after the token', ({ token }) => `${token}\n`),
  malformed('a carriage return and line feed after the token', ({ token }) => `${token}\r\n`),
  malformed('a tab after the token', ({ token }) => `${token}\t`),
  malformed('a space inside a segment', ({ token }) => `${token.slice(0, 9)} ${token.slice(9)}`),
  malformed(
    'a line feed inside a segment',
    ({ token }) => `${token.slice(0, 9)}\n${token.slice(9)}`,
  ),
  malformed('a space beside a dot', ({ token }) => token.replace('.', '. ')),
  malformed('a NUL after the token', ({ token }) => `${token}\u0000`),
  malformed('a no-break space after the token', ({ token }) => `${token}\u00a0`),
  malformed('a zero-width space inside', ({ token }) => token.replace('.', '\u200b.')),
  malformed(
    'a plus in place of a character',
    signatureAlias((text) => `+${text.slice(1)}`),
  ),
  malformed(
    'a slash in place of a character',
    signatureAlias((text) => `/${text.slice(1)}`),
  ),
  malformed(
    'an illegal character',
    signatureAlias((text) => `!${text.slice(1)}`),
  ),
  malformed(
    'a character outside ASCII',
    signatureAlias((text) => `é${text.slice(1)}`),
  ),
  malformed(
    'a full-width letter',
    signatureAlias((text) => `Ａ${text.slice(1)}`),
  ),
  malformed('percent-encoded dots', ({ token }) => token.replaceAll('.', '%2E')),
  malformed('full-width dots', ({ token }) => token.replaceAll('.', '．')),
  malformed('quotes around the token', ({ token }) => `"${token}"`),
  malformed('the scheme before the token', ({ token }) => `Bearer ${token}`),
  malformed('one character of a segment alone', ({ token }) => `${token}AAA`),
];

const frames: readonly Mutation[] = [
  malformed('the empty string', () => ''),
  malformed('no dot', ({ token }) => token.replaceAll('.', '')),
  malformed('one dot', ({ token }) => token.replace('.', '')),
  malformed('two dots alone', () => '..'),
  malformed('four dots alone', () => '....'),
  malformed('a trailing dot', ({ token }) => `${token}.`),
  malformed('a leading dot', ({ token }) => `.${token}`),
  malformed('four parts', ({ token }) => `${token}.AAAA`),
  malformed('five parts', ({ token }) => `${token}.AAAA.AAAA`),
  malformed('the token twice', ({ token }) => `${token},${token}`),
  malformed('4,000 dots', () => '.'.repeat(4000)),
  malformed('a flattened JSON serialization', ({ token }) => {
    const [header, payload, signature] = split(token);
    return JSON.stringify({ protected: header, payload, signature });
  }),
  malformed('a general JSON serialization', ({ token }) => {
    const [header, payload, signature] = split(token);
    return JSON.stringify({ payload, signatures: [{ protected: header, signature }] });
  }),
  malformed('JSON and compact in one', ({ token }) => {
    const [header, payload, signature] = split(token);
    return `{"protected":"${header}","x":".${payload}.","signature":"${signature}"}`;
  }),
];

const kilobytes = [16, 64, 256, 1024, 10_240];

const sizes: readonly Mutation[] = [
  ...kilobytes.map((size): Mutation => ({
    name: `a rightly signed token of ${size} KB`,
    mutate: (from) => from.withClaims({ pad: 'x'.repeat(size * 768) }),
    code: 'token_too_large',
  })),
  {
    name: 'a rightly signed token without dlg between both limits',
    mutate: (from) => from.withClaims({ pad: 'x'.repeat(1800) }),
    code: 'token_too_large',
  },
  { name: '100,000 dots', mutate: () => '.'.repeat(100_000), code: 'token_too_large' },
  { name: '10 MB of anything', mutate: () => 'x'.repeat(10_485_760), code: 'token_too_large' },
];

/** What is not even a string: JavaScript callers have no compiler to stop them. */
const strangers: readonly unknown[] = [
  undefined,
  null,
  0,
  {},
  [],
  new Uint8Array(3),
  Symbol('token'),
  Object.create(null),
];

const limited = async (maxTokenBytes: number): Promise<Verifier> => {
  const { key } = await world();
  return createVerifier({ keys: await localKeys(key.publicJwk), clock, maxTokenBytes });
};

export const cases: readonly ContractCase[] = [
  ...rejects([...aliases, ...frames, ...sizes]),
  ...strangers.map((value, at) => ({
    name: `verifyAgentToken() rejects what is not a string (${at})`,
    run: async () => {
      const { verifier } = await world();
      const token = value as string;
      await refused(verifier, token, code);
      const result = await verifier.checkAgentToken(token, { delegation: 'a.b.c', proof: null });
      equal(!result.ok && result.error.code, code, 'code with a delegation');
    },
  })),
  {
    name: 'verifyAgentToken() accepts a token of exactly the size limit, and none of one byte more',
    run: async () => {
      const { token } = await world();
      const fitting = await limited(token.length);
      equal((await fitting.verifyAgentToken(token)).agentId, 'planner', 'agentId');
      await refused(await limited(token.length - 1), token, 'token_too_large');
    },
  },
  {
    name: 'verifyAgentToken() looks at the size before it splits, decodes or parses',
    run: async () => {
      const { verifier } = await world();
      const dots = '.'.repeat(10_485_760);
      const began = performance.now();
      for (let turn = 0; turn < 500; turn++) await refused(verifier, dots, 'token_too_large');
      equal(performance.now() - began < 5000, true, 'done within five seconds');
    },
  },
];

// The order of the pipeline: a token that is wrong in two ways is refused for the earlier one

import {
  createDpopProof,
  createVerifier,
  localKeys,
  type ErrorCode,
  type VerifyOptions,
} from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { segment, signSegments } from '../support/forge.ts';
import { clock, now, world } from '../support/world.ts';

/** A token and its request before they are made: each fault changes something in it. */
interface Draft {
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
  /** JSON text put in front of the claims' own members. */
  text: string;
  broken: boolean;
  proof: boolean;
  proofMethod: string;
  revoked: boolean;
  replayed: boolean;
}

interface Fault {
  readonly name: string;
  readonly code: ErrorCode;
  readonly apply: (draft: Draft) => void;
}

const ancestor = { jti: 'root', scope: 'bus:publish' };

/** In the order of the pipeline. */
const faults: readonly Fault[] = [
  {
    name: 'size',
    code: 'token_too_large',
    apply: ({ claims }) => Object.assign(claims, { pad: 'x'.repeat(5000) }),
  },
  {
    name: 'duplicate names',
    code: 'token_malformed',
    apply: (draft) => {
      draft.text = '"tier":"fast","tier":"fast",';
    },
  },
  {
    name: 'alg',
    code: 'alg_not_allowed',
    apply: ({ header }) => Object.assign(header, { alg: 'HS256' }),
  },
  {
    name: 'typ',
    code: 'typ_not_allowed',
    apply: ({ header }) => Object.assign(header, { typ: 'JWT' }),
  },
  {
    name: 'an embedded key',
    code: 'header_not_allowed',
    apply: ({ header }) => Object.assign(header, { jwk: {} }),
  },
  {
    name: 'the issuer',
    code: 'issuer_not_trusted',
    apply: ({ claims }) => Object.assign(claims, { iss: 'other' }),
  },
  {
    name: 'the key',
    code: 'key_unknown',
    apply: ({ header }) => Object.assign(header, { kid: 'nobody' }),
  },
  {
    name: 'the structure of the chain',
    code: 'delegation_malformed',
    apply: ({ claims }) => Object.assign(claims, { act: 'x' }),
  },
  {
    name: 'the signature',
    code: 'signature_invalid',
    apply: (draft) => {
      draft.broken = true;
    },
  },
  {
    name: 'a missing claim',
    code: 'claim_missing',
    apply: ({ claims }) => {
      delete claims['jti'];
    },
  },
  {
    name: 'a malformed claim',
    code: 'claim_malformed',
    apply: ({ claims }) => Object.assign(claims, { status: null }),
  },
  {
    name: 'the audience',
    code: 'audience_mismatch',
    apply: ({ claims }) => Object.assign(claims, { aud: 'other' }),
  },
  {
    name: 'the lifetime',
    code: 'lifetime_too_long',
    apply: ({ claims }) => Object.assign(claims, { exp: now + 10_000 }),
  },
  {
    name: 'narrowing',
    code: 'delegation_widened',
    apply: ({ claims }) => {
      const act = claims['act'] ?? { sub: 'worker' };
      Object.assign(claims, { act, dlg: [ancestor], client_id: 'worker' });
    },
  },
  {
    name: 'a missing proof',
    code: 'proof_required',
    apply: (draft) => {
      draft.proof = false;
    },
  },
  {
    name: 'a wrong proof',
    code: 'proof_invalid',
    apply: (draft) => {
      draft.proofMethod = 'POST';
    },
  },
  {
    name: 'revocation',
    code: 'token_revoked',
    apply: (draft) => {
      draft.revoked = true;
    },
  },
  {
    name: 'replay',
    code: 'proof_replayed',
    apply: (draft) => {
      draft.replayed = true;
    },
  },
];

/** What the token and the request with these faults come to; `undefined`: accepted. */
async function outcome(applied: readonly Fault[]): Promise<string | undefined> {
  const { key, stranger, header, claims } = await world();
  const draft: Draft = {
    header: { ...header },
    claims: { ...claims, tier: undefined, cnf: { jkt: key.kid } },
    text: '"tier":"fast",',
    broken: false,
    proof: true,
    proofMethod: 'GET',
    revoked: false,
    replayed: false,
  };
  // The later fault first, so that the earlier one has the last word on a member that both set.
  for (const { apply } of applied.toReversed()) apply(draft);
  const payload = JSON.stringify(draft.claims).replace('{', `{${draft.text}`);
  const signer = draft.broken ? stranger : key;
  const token = await signSegments(signer.privateKey, segment(draft.header), segment(payload));
  const url = 'https://bus.example/whoami';
  const proof = await createDpopProof({ key, method: draft.proofMethod, url, token, clock });
  const options: VerifyOptions = draft.proof ? { proof, method: 'GET', url } : {};
  let uses = 0;
  const verifier = createVerifier({
    keys: await localKeys(key.publicJwk),
    clock,
    revocation: { isRevoked: () => draft.revoked },
    replay: {
      use: () => {
        uses++;
        return !draft.replayed;
      },
    },
  });
  const result = await verifier.checkAgentToken(token, options);
  const code = result.ok ? undefined : result.error.code;
  // Replay comes last because it writes: what is refused for another reason has used nothing up.
  equal(uses, code === undefined || code === 'proof_replayed' ? 1 : 0, 'proof ids used up');
  return code;
}

const singles = faults.map((fault): ContractCase => ({
  name: `verifyAgentToken() rejects ${fault.name} alone`,
  run: async () => equal(await outcome([fault]), fault.code, 'code'),
}));

const pairs = faults.flatMap((first, at) =>
  faults.slice(at + 1).map((second): ContractCase => ({
    name: `verifyAgentToken() rejects ${first.name} before ${second.name}`,
    run: async () => equal(await outcome([first, second]), first.code, 'code'),
  })),
);

export const cases: readonly ContractCase[] = [
  {
    name: 'verifyAgentToken() accepts the token and the request that the faults start from',
    run: async () => equal(await outcome([]), undefined, 'code'),
  },
  ...singles,
  ...pairs,
];

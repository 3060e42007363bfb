// The keys of nobody: one for each algorithm, ready to refuse

import { expect, test } from 'vitest';
import {
  assertionAlgorithms,
  assertionVerifies,
  readAssertion,
} from '../../worker/authority/token/client_assertion.ts';
import { decoyKey } from '../../worker/authority/token/decoy_key.ts';
import { generateKeyPair, SignJWT } from 'jose';

test.each(assertionAlgorithms)(
  'an assertion under %s is held against a key of its kind',
  async (alg) => {
    const { privateKey } = await generateKeyPair(alg === 'EdDSA' ? 'Ed25519' : alg);
    const text = await new SignJWT({ iss: 'ghost', sub: 'ghost' })
      .setProtectedHeader({ alg })
      .sign(privateKey);
    const assertion = readAssertion(text);
    if (assertion === undefined) throw new Error('The assertion is not read');
    const key = await decoyKey(assertion.alg);
    expect(key.alg).toBe(assertion.alg);
    expect(await decoyKey(assertion.alg)).toBe(key);
    expect(await assertionVerifies(assertion, key)).toBe(false);
  },
);

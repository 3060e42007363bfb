// The keys of proofs: imported once for each client, and never remembered for a proof that does not verify.

import { afterEach, expect, test, vi } from 'vitest';
import {
  createDpopProof,
  createIssuer,
  createVerifier,
  generateSigningKey,
  localKeys,
} from '../../src/index.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const where = { method: 'GET', url: 'https://gate.example/whoami' };

async function parties() {
  const key = await generateSigningKey();
  const client = await generateSigningKey();
  const token = await createIssuer({ key }).issueAgentToken({
    sub: 'planner',
    tier: 'fast',
    scope: [],
    cnf: { jkt: client.kid },
  });
  const verifier = createVerifier({ keys: await localKeys(key.publicJwk) });
  const prove = (about = token): Promise<string> =>
    createDpopProof({ key: client, token: about, ...where });
  const ask = async (proof: string): Promise<string> => {
    const result = await verifier.checkAgentToken(token, { proof, ...where });
    return result.ok ? 'ok' : result.error.code;
  };
  return {
    client,
    token,
    prove,
    ask,
    imports: vi.spyOn(crypto.subtle, 'importKey'),
    digests: vi.spyOn(crypto.subtle, 'digest'),
  };
}

const forge = (token: string): string => {
  const at = token.lastIndexOf('.') + 1;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
};

test('verifyAgentToken() imports the key of a client once, and checks each proof', async () => {
  const { prove, ask, imports } = await parties();
  const first = await prove();
  expect(await ask(first)).toBe('ok');
  expect(imports).toHaveBeenCalledTimes(1);
  expect(await ask(await prove())).toBe('ok');
  expect(await ask(first)).toBe('proof_replayed');
  expect(await ask(forge(await prove()))).toBe('proof_invalid');
  expect(imports).toHaveBeenCalledTimes(1);
});

test('verifyAgentToken() remembers no key whose proof does not verify', async () => {
  const { prove, ask, imports } = await parties();
  expect(await ask(forge(await prove()))).toBe('proof_invalid');
  expect(await ask(forge(await prove()))).toBe('proof_invalid');
  expect(imports).toHaveBeenCalledTimes(2);
});

test('verifyAgentToken() hashes a token once, and holds each proof against it', async () => {
  const { token, prove, ask, digests } = await parties();
  const [first, second, another] = [await prove(), await prove(), await prove(`${token}A`)];
  digests.mockClear();
  expect(await ask(first)).toBe('ok');
  const once = digests.mock.calls.length;
  expect(await ask(second)).toBe('ok');
  expect(await ask(another)).toBe('proof_invalid');
  expect(digests).toHaveBeenCalledTimes(once);
});

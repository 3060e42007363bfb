// What a page that verifies loads on demand: ordinary tokens need none of it, and where it cannot be loaded, nothing passes.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundlePage, type PageFile } from '../../scripts/weigh.ts';
import {
  createDpopProof,
  createIssuer,
  generateSigningKey,
  type SigningKey,
} from '../../src/issue/index.ts';
import type * as Verify from '../../src/verify/index.ts';

const request = { method: 'GET', url: 'https://bus.example/whoami' };
const grant = { sub: 'planner', tier: 'fast', scope: ['bus:publish'] } as const;

let folder: string;
let later: readonly PageFile[];
let verify: Pick<typeof Verify, 'createVerifier' | 'localKeys'>;
let key: SigningKey;
let agentKey: SigningKey;
let rsaKey: SigningKey;

async function serve(files: readonly PageFile[]): Promise<void> {
  for (const { fileName, code } of files) {
    const path = join(folder, fileName);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, code);
  }
}

// What is fetched first is all that there is, until the last tests
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarmgate-page-'));
  const page = await bundlePage(
    `export { createVerifier, localKeys } from './src/verify/index.ts';`,
  );
  later = page.later;
  await serve(page.first);
  // By Node itself: the test runner remembers a file that it did not find
  const load = createRequire(import.meta.url);
  verify = load(join(folder, page.first[0].fileName)) as typeof Verify;
  [key, agentKey, rsaKey] = await Promise.all([
    generateSigningKey(),
    generateSigningKey(),
    generateSigningKey('RS256'),
  ]);
});

afterAll(() => rm(folder, { recursive: true }));

const verifier = async () =>
  verify.createVerifier({ keys: await verify.localKeys(key.publicJwk), cache: false });

const codeOf = async (
  token: string,
  options?: Parameters<Verify.Verifier['checkAgentToken']>[1],
): Promise<string> => {
  const result = await (await verifier()).checkAgentToken(token, options);
  return result.ok ? 'accepted' : result.error.code;
};

const now = (): number => Math.floor(Date.now() / 1000);

/** Signs claims like those of an issuer, some of them changed. */
const signed = (
  change: Readonly<Record<string, unknown>> = {},
  { by = key, kid = key.kid }: { readonly by?: SigningKey; readonly kid?: string } = {},
): Promise<string> =>
  new SignJWT({
    ...grant,
    iss: 'yamtam-engine',
    aud: 'swarm-bus',
    scope: 'bus:publish',
    client_id: 'planner',
    jti: 'once',
    iat: now(),
    exp: now() + 300,
    ...change,
  })
    .setProtectedHeader({ alg: by.alg, typ: 'at+jwt', kid })
    .sign(by.privateKey);

/** Tokens and what becomes of them with what is fetched first. */
const ordinary: Readonly<Record<string, readonly [code: string, token: () => Promise<string>]>> = {
  'a good token': ['accepted', () => createIssuer({ key }).issueAgentToken(grant)],
  'an expired one': ['token_expired', () => signed({ iat: now() - 900, exp: now() - 600 })],
  'a forged one': ['signature_invalid', () => signed({}, { by: agentKey })],
  'one for later': ['token_not_active', () => signed({ nbf: now() + 60 })],
  'one for others': ['audience_mismatch', () => signed({ aud: 'others' })],
  'one by others': ['issuer_not_trusted', () => signed({ iss: 'others' })],
  'one without an id': ['claim_missing', () => signed({ jti: undefined })],
  'one under another kid': ['key_unknown', () => signed({}, { kid: 'other' })],
  'one of another algorithm': ['alg_not_allowed', () => signed({}, { by: rsaKey })],
  'one that is bound': ['proof_required', () => signed({ cnf: { jkt: agentKey.kid } })],
  'no token at all': ['token_malformed', async () => 'not a token'],
};

for (const [name, [code, token]] of Object.entries(ordinary)) {
  test(`a page fetches nothing for ${name}: ${code}`, async () => {
    expect(await codeOf(await token())).toBe(code);
  });
}

const bound = (): Promise<string> => signed({ cnf: { jkt: agentKey.kid } });

test('a page fetches nothing for a bound token that it only inspects', async () => {
  expect(await codeOf(await bound(), { proof: null })).toBe('accepted');
});

test('what cannot be loaded refuses: proofs, hops, actors, unusual JSON', async () => {
  const token = await bound();
  const proof = await createDpopProof({ key: agentKey, ...request, token });
  expect(await codeOf(token, { ...request, proof })).toBe('key_unavailable');
  expect(await codeOf(token, { proof: null, delegation: 'a.b.c' })).toBe('key_unavailable');
  expect(await codeOf(await signed({ act: { sub: 'planner' }, dlg: [] }))).toBe('key_unavailable');
  expect(await codeOf('bm8.anNvbg.AA')).toBe('key_unavailable');
});

const pem = `-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n`;

test('what cannot be loaded refuses: other keys than P-256, PEM, and what is wrong with a key', async () => {
  const unavailable = { code: 'key_unavailable' };
  await expect(verify.localKeys(rsaKey.publicJwk)).rejects.toMatchObject(unavailable);
  await expect(verify.localKeys(pem)).rejects.toMatchObject(unavailable);
  await expect(verify.localKeys({ ...key.publicJwk, x: 'AA' })).rejects.toMatchObject(unavailable);
});

test('what could not be loaded is tried again', async () => {
  await serve(later);
  const token = await bound();
  const proof = await createDpopProof({ key: agentKey, ...request, token });
  expect(await codeOf(token, { ...request, proof })).toBe('accepted');
  expect(await codeOf('bm8.anNvbg.AA')).toBe('token_malformed');
  expect((await verify.localKeys(rsaKey.publicJwk)).thumbprints?.size).toBe(1);
  await expect(verify.localKeys(pem)).rejects.toThrow('holds no');
  await expect(verify.localKeys({ ...key.publicJwk, x: 'AA' })).rejects.toThrow('malformed');
});

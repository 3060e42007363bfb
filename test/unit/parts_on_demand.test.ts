// What a verifier loads on demand: ordinary tokens need none of it, and where it cannot be loaded, nothing passes.

import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
let parts: string;
let verify: typeof Verify;
let key: SigningKey;
let agentKey: SigningKey;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarmgate-parts-'));
  const { metafile } = await build({
    entryPoints: { verify: 'src/verify/index.ts' },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    metafile: true,
    logLevel: 'error',
  });
  const found = Object.entries(metafile.outputs).find(
    ([, { entryPoint }]) => entryPoint === 'src/verify/parts.ts',
  );
  if (found === undefined) throw new Error('The parts are in no file of their own');
  parts = resolve(found[0]);
  await rename(parts, `${parts}.away`);
  verify = (await import(pathToFileURL(join(folder, 'verify.mjs')).href)) as typeof Verify;
  [key, agentKey] = await Promise.all([generateSigningKey(), generateSigningKey()]);
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

test('an ordinary token needs nothing that is loaded on demand', async () => {
  const token = await createIssuer({ key }).issueAgentToken(grant);
  expect(await codeOf(token)).toBe('accepted');
  expect(await codeOf(token.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')))).toBe(
    'signature_invalid',
  );
  const bound = await createIssuer({ key }).issueAgentToken({
    ...grant,
    cnf: { jkt: agentKey.kid },
  });
  expect(await codeOf('not a token')).toBe('token_malformed');
  expect(await codeOf(bound)).toBe('proof_required');
  expect(await codeOf(bound, { proof: null })).toBe('accepted');
});

test('what cannot be loaded refuses: proofs, hops, actors, unusual JSON', async () => {
  const issuer = createIssuer({ key });
  const token = await issuer.issueAgentToken({ ...grant, cnf: { jkt: agentKey.kid } });
  const proof = await createDpopProof({ key: agentKey, ...request, token });
  expect(await codeOf(token, { ...request, proof })).toBe('key_unavailable');
  expect(await codeOf(token, { proof: null, delegation: 'a.b.c' })).toBe('key_unavailable');
  const claims = { ...grant, scope: 'bus:publish', client_id: 'planner', jti: 'once' };
  const acted = await new SignJWT({ ...claims, act: { sub: 'planner' }, dlg: [] })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
    .setIssuedAt()
    .setIssuer('yamtam-engine')
    .setAudience('swarm-bus')
    .setExpirationTime('5m')
    .sign(key.privateKey);
  expect(await codeOf(acted)).toBe('key_unavailable');
  expect(await codeOf('bm8.anNvbg.AA')).toBe('key_unavailable');
});

test('what could not be loaded is tried again', async () => {
  await rename(`${parts}.away`, parts);
  const token = await createIssuer({ key }).issueAgentToken({
    ...grant,
    cnf: { jkt: agentKey.kid },
  });
  const proof = await createDpopProof({ key: agentKey, ...request, token });
  expect(await codeOf(token, { ...request, proof })).toBe('accepted');
  expect(await codeOf('bm8.anNvbg.AA')).toBe('token_malformed');
});

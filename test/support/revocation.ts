// Revoking over HTTP, and waiting for it: what the tests of revocation share

import { build } from 'esbuild';
import {
  boundToken,
  callBound,
  postForm,
  readJson,
  registerAgent,
  startAuthority,
  tokenForm,
  type JsonAnswer,
  type RunningAuthority,
} from './authority.ts';
import type { GatewaySetup } from './gateway.ts';
import { call, codeOf } from './http.ts';
import { makeKey, type TestKey } from './tokens.ts';

/** The fields that authenticate a client, with a token that it sends something about. */
export async function aboutToken(
  key: TestKey,
  clientId: string,
  token: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const { grant_type: _grant, ...authentication } = await tokenForm(key, clientId);
  return { ...authentication, token, ...fields };
}

/** A plain bearer token of an agent. */
export async function bearerToken(url: string, key: TestKey, clientId: string): Promise<string> {
  const { status, body } = await postForm(`${url}/token`, await tokenForm(key, clientId));
  if (status !== 200) throw new Error(`No token: ${status} ${JSON.stringify(body)}`);
  return String(body['access_token']);
}

/** POST /revoke as a client. */
export async function revokeAs(
  url: string,
  key: TestKey,
  clientId: string,
  token: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<JsonAnswer> {
  return postForm(`${url}/revoke`, await aboutToken(key, clientId, token, fields));
}

/** A route under /admin, as the operator. */
export async function asOperator(
  { url, operator }: RunningAuthority,
  path: string,
  request: { readonly method?: string; readonly body?: object } = {},
): Promise<JsonAnswer> {
  const token = await boundToken(url, operator, 'operator');
  return callBound(url, path, operator, token, request);
}

/** The status of /whoami, and the code of a refusal. */
export async function whoami(url: string, token: string): Promise<string> {
  return codeOf(await call(`${url}/whoami`, { token }));
}

/** How long a token is still taken, in milliseconds: asks until it is refused, for 5 s at most. */
export async function untilRefused(url: string, token: string): Promise<number> {
  const began = performance.now();
  for (;;) {
    const passed = performance.now() - began;
    const found = await whoami(url, token);
    if (found === '401 token_revoked') return performance.now() - began;
    if (found !== '200' || passed > 5000) throw new Error(`${found} after ${passed} ms`);
  }
}

/** An authority that also trusts an issuer elsewhere and the engine, and two agents of it. */
export interface RevocationWorld extends RunningAuthority {
  readonly planner: TestKey;
  readonly worker: TestKey;
  readonly foreign: TestKey;
  readonly engine: TestKey;
}

export const foreignIssuer = 'https://issuer.example';

/** Starts an authority with everything that can be revoked. */
export async function startRevocationWorld(setup: GatewaySetup = {}): Promise<RevocationWorld> {
  const [foreign, engine] = await Promise.all([makeKey(), makeKey()]);
  const trusted = [
    { issuer: foreignIssuer, jwks: { keys: [foreign.publicJwk] } },
    { issuer: 'yamtam-engine', profile: 'engine', jwks: { keys: [engine.publicJwk] } },
  ];
  const variables = {
    TRUSTED_ISSUERS: JSON.stringify(trusted),
    ...setup.variables,
  };
  const authority = await startAuthority({ ...setup, variables });
  const planner = await registerAgent(authority, 'planner');
  const worker = await registerAgent(authority, 'worker');
  return { ...authority, planner, worker, foreign, engine };
}

/** Makes a token warm in the verification caches of both isolates. */
export async function warm(world: RunningAuthority, token: string): Promise<string> {
  for (const url of [world.url, world.otherUrl]) {
    const found = await whoami(url, token);
    if (found !== '200') throw new Error(`The token is not good: ${found}`);
  }
  return token;
}

/** Fails unless both isolates refuse a token within a second. */
export async function expectRefused(world: RunningAuthority, token: string): Promise<void> {
  for (const url of [world.url, world.otherUrl]) {
    const passed = await untilRefused(url, token);
    if (passed >= 1000) throw new Error(`The token was taken for ${passed} ms`);
  }
}

/** The number of the last record in the public feed. */
export async function headOf(url: string): Promise<number> {
  const { body } = await readJson(await fetch(`${url}/revocations?after=999999999`));
  return Number(body['seq']);
}

/** How long a log of {@link fallibleObjects} is down, in milliseconds. */
export const outage = 7000;

/**
 * The gateway's object classes, with a revocation log that goes down for a while when the session
 * `the-log-fails` or `the-log-hangs` is revoked. Recording goes on.
 */
export async function fallibleObjects(): Promise<string> {
  const contents = `
    import { RevocationLog as Log } from './worker/index.ts';
    export * from './worker/index.ts';
    export class RevocationLog extends Log {
      until = 0;
      async record(entry) {
        const recorded = await super.record(entry);
        if (!entry.value.startsWith('the-log-')) return recorded;
        this.hangs = entry.value === 'the-log-hangs';
        this.until = Date.now() + ${outage};
        return recorded;
      }
      async since(...args) {
        const left = this.until - Date.now();
        if (left > 0 && !this.hangs) throw new Error('secret detail of the log');
        if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
        return super.since(...args);
      }
    }
    export default { fetch: () => new Response(null, { status: 404 }) };
  `;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL('../../', import.meta.url).pathname, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

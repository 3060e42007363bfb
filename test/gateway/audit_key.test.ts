// The audit log of a gateway without an authority: signed with AUDIT_SIGNING_KEY, or by nobody, and read by the operators of the authority that it trusts

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeProtectedHeader } from 'jose';
import { verifyAuditLog } from '../../src/audit/index.ts';
import { auditObjects, exportAudit, untilRecorded, verifyLines } from '../support/audit.ts';
import { publicUrl, startGateway, type RunningGateway } from '../support/gateway.ts';
import { call, codeOf } from '../support/http.ts';
import { callerWith, makePrivateJwk, type Caller } from '../support/operator.ts';
import { boundTo, makeKey, mintToken } from '../support/tokens.ts';

const authority = 'https://issuer.example';
let signing: RunningGateway;
let silent: RunningGateway;
let privateJwk: Awaited<ReturnType<typeof makePrivateJwk>>;

beforeAll(async () => {
  privateJwk = await makePrivateJwk();
  const objects = await auditObjects();
  const variables = { ISSUER: authority, PUBLIC_URL: publicUrl };
  const AUDIT_SIGNING_KEY = JSON.stringify(privateJwk);
  signing = await startGateway({ objects, variables: { ...variables, AUDIT_SIGNING_KEY } });
  silent = await startGateway({ objects, variables });
});
afterAll(() => Promise.all([signing.stop(), silent.stop()]));

async function operatorOf({ url, key, issuer }: RunningGateway): Promise<Caller> {
  const own = await makeKey();
  const token = await mintToken(key, issuer, 'operator', 'admin:read', { claims: boundTo(own) });
  return callerWith(url, own, token);
}

async function recorded(gateway: RunningGateway): Promise<string[]> {
  expect(codeOf(await call(`${gateway.url}/whoami`))).toBe('401 token_missing');
  return untilRecorded(await operatorOf(gateway), (records) =>
    records.some(({ code }) => code === 'token_missing'),
  );
}

describe('with AUDIT_SIGNING_KEY', () => {
  test('the log is signed by it, and its public part is published alone', async () => {
    const { keys } = JSON.parse(
      (await call(`${signing.url}/.well-known/audit-jwks.json`)).text,
    ) as { keys: Readonly<Record<string, unknown>>[] };
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ kty: 'EC', crv: 'P-256', x: privateJwk.x, y: privateJwk.y });
    expect(keys[0]).not.toHaveProperty('d');
    const lines = await recorded(signing);
    const manifests = lines.flatMap((line) => {
      const { kind, jws } = JSON.parse(line) as { kind: string; jws?: string };
      return kind === 'manifest' ? [decodeProtectedHeader(jws ?? '').kid] : [];
    });
    expect(new Set(manifests)).toEqual(new Set([keys[0]?.['kid']]));
    const response = await fetch(`${signing.url}/.well-known/audit-jwks.json`);
    expect(JSON.stringify(await response.json())).not.toContain(privateJwk.d);
    expect(await verifyAudit(signing, lines)).toMatchObject({ ok: true, signed: true });
  });

  test('a log that another gateway signed, or nobody, is not its log', async () => {
    const lines = await recorded(signing);
    const others = await recorded(silent);
    const mixed = [
      ...lines.filter((line) => !line.includes('"kind":"manifest"')),
      ...others.filter((line) => line.includes('"kind":"manifest"')),
    ];
    const { findings } = await verifyAudit(signing, mixed);
    expect(findings.map(({ code }) => code)).toContain('manifest_invalid');
  });

  test('statistics say that it is signed', async () => {
    const operator = await operatorOf(signing);
    const { audit } = JSON.parse((await operator.send('GET', '/admin/stats')).text) as {
      audit: { signed: boolean };
    };
    expect(audit.signed).toBe(true);
  });
});

describe('without it', () => {
  test('statements are signed by nobody, say so, and show what is inconsistent', async () => {
    const lines = await recorded(silent);
    expect((await call(`${silent.url}/.well-known/audit-jwks.json`)).text).toBe('{"keys":[]}');
    expect(lines.some((line) => line.startsWith('{"kind":"manifest","statement":'))).toBe(true);
    expect(lines.some((line) => line.includes('"jws"'))).toBe(false);
    const plain = { keys: null, issuer: authority } as const;
    expect(await verifyAuditLog(lines, plain)).toMatchObject({ ok: true, signed: false });
    const changed = lines.map((line) => line.replace('token_missing', 'token_revoked'));
    const { findings } = await verifyAuditLog(changed, plain);
    expect(findings.map(({ code }) => code)).toContain('record_changed');
    const operator = await operatorOf(silent);
    const { text } = await operator.send('GET', '/admin/stats');
    expect(JSON.parse(text)).toMatchObject({ key: null, audit: { signed: false } });
  });

  test('nobody else reads it: not other agents, not without a proof', async () => {
    const { url, key, issuer } = silent;
    const own = await makeKey();
    const agent = await mintToken(key, issuer, 'planner', 'bus:receive', {
      claims: boundTo(own),
    });
    const answer = await callerWith(url, own, agent).send('GET', '/admin/audit');
    expect(codeOf(answer)).toBe('403 scope_insufficient');
    const bearer = await mintToken(key, issuer, 'operator', 'admin:read');
    expect(codeOf(await call(`${url}/admin/audit`, { token: bearer }))).toBe('401 proof_required');
    expect((await exportAudit(await operatorOf(silent))).length).toBeGreaterThan(0);
  });
});

function verifyAudit(
  gateway: RunningGateway,
  lines: readonly string[],
): ReturnType<typeof verifyLines> {
  return verifyLines(gateway.url, lines, authority);
}

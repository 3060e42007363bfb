// An audit log as the cases need it: two shards, a checkpoint, two manifests, and whoever signs them

import {
  localKeys,
  verifyAuditLog,
  writeAuditEntry,
  type AuditLogOptions,
  type AuditReport,
} from '../../../src/audit/index.ts';
import { hashText } from '../../../src/audit/line.ts';
import { sign, type Json } from './forge.ts';
import { keyOf, now } from './world.ts';

const logIssuer = 'https://gate.example';
export const genesis: string = 'A'.repeat(43);

/** Changes to the good log as it is written. */
export interface LogChanges {
  readonly signer?: string;
  readonly checkpointHeader?: Json;
  readonly checkpoint?: Json;
  readonly manifest?: Json;
  readonly manifestHeader?: Json;
  /** No signature at all, as in a deployment without an audit key. */
  readonly unsigned?: boolean;
}

interface Head {
  seq: number;
  hash: string;
}

/** A good log: records 1 to 6 of shard 0 and 1 to 4 of shard 1; manifests 1 (at 3 and 2) and 2 (at all). */
export async function goodLog(changes: LogChanges = {}): Promise<string[]> {
  const { kid, privateKey } = await keyOf('ES256', changes.signer ?? 'trusted');
  const { kid: trustedKid } = await keyOf('ES256', 'trusted');
  const heads: Head[] = [0, 1].map(() => ({ seq: 0, hash: genesis }));
  const lines: string[] = [0, 1].map((shard) =>
    JSON.stringify({ kind: 'start', shard, seq: 0, hash: genesis }),
  );
  lines.push(JSON.stringify({ kind: 'manifest_start', seq: 0, hash: genesis }));
  let prev = genesis;

  async function records(shard: number, count: number): Promise<void> {
    const head = heads[shard] ?? { seq: 0, hash: genesis };
    for (let added = 0; added < count; added++) {
      const seq = head.seq + 1;
      const members = { kind: 'record', shard, seq, prev: head.hash, at: now + seq / 1000 };
      const rest = { writer: 'w', n: seq, decision: 'allow', agent: `agent-${shard}-${seq}` };
      const { line, hash } = await writeAuditEntry({ ...members, ...rest });
      lines.push(line);
      [head.seq, head.hash] = [seq, hash];
    }
  }

  async function statement(type: string, claims: Json, header: Json = {}): Promise<string> {
    const typ = `swarmgate-audit-${type}+jwt`;
    const signer = changes.signer === undefined ? kid : trustedKid;
    return sign(privateKey, { alg: 'ES256', typ, kid: signer, ...header }, claims);
  }

  async function manifest(seq: number): Promise<void> {
    const shards = heads.map(({ seq: newest, hash }, shard) => {
      return { shard, seq: newest, hash, start: 0, start_hash: genesis };
    });
    const claims = { iss: logIssuer, iat: now + seq, seq, prev, from: 1, shards };
    const changed = { ...claims, ...(seq === 2 ? changes.manifest : {}) };
    const text =
      changes.unsigned === true
        ? JSON.stringify(changed)
        : await statement('manifest', changed, changes.manifestHeader);
    const member = changes.unsigned === true ? 'statement' : 'jws';
    lines.push(JSON.stringify({ kind: 'manifest', [member]: text }));
    prev = await hashText(text);
  }

  await records(0, 3);
  if (changes.unsigned !== true) {
    const claims = { iss: logIssuer, iat: now, shard: 0, ...heads[0], ...changes.checkpoint };
    const jws = await statement('checkpoint', claims, changes.checkpointHeader);
    lines.push(JSON.stringify({ kind: 'checkpoint', shard: 0, jws }));
  }
  await records(1, 2);
  await manifest(1);
  await records(0, 3);
  await records(1, 2);
  await manifest(2);
  return lines;
}

/** Checks a log with the trusted key. */
export async function check(
  lines: AsyncIterable<string> | Iterable<string>,
  options: Partial<AuditLogOptions> = {},
): Promise<AuditReport> {
  const { publicJwk } = await keyOf('ES256', 'trusted');
  const keys = await localKeys({ keys: [{ ...publicJwk }] });
  return verifyAuditLog(lines, { keys, issuer: logIssuer, clock: () => now + 30, ...options });
}

/** The place of a record among the lines. */
export const placeOf = (lines: readonly string[], shard: number, seq: number): number =>
  lines.findIndex((line) => line.startsWith(`{"kind":"record","shard":${shard},"seq":${seq},`));

/** Findings as short text: code, shard and numbers. */
export const told = ({ findings }: AuditReport): string[] =>
  findings.map(({ code, shard, seq, to }) =>
    [code, shard, seq, to].filter((part) => part !== undefined).join(' '),
  );

// /admin/revocations: operators revoke by any name, and look at what was recorded.

import * as v from 'valibot';
import { isAgentId, untilLifted } from '../../../src/verify/index.ts';
import { json } from '../../respond.ts';
import type { Target } from '../../target.ts';
import { agentParts } from '../enroll/agent_parts.ts';
import { changeAgent } from '../enroll/agents.ts';
import { refused } from '../enroll/agents_admin.ts';
import type { AuthorityContext } from '../context.ts';
import { maxBodyBytes, readJson, type BodyForm } from '../http/json_body.ts';
import { readList } from '../http/list_query.ts';
import type { LogRecord } from './revocation_store.ts';
import {
  lastAcceptance,
  logStub,
  longestLife,
  recordRevocation,
  type RevocationRequest,
} from './revocations.ts';
import { takeOutKey } from '../keys/signing_keys.ts';

// As the verifier reads `jti` and `sid`
const name = v.pipe(v.string(), v.regex(/^[^\p{Cc}]{1,128}$/u));
const agentId = v.custom<string>(isAgentId);
const thumbprint = v.pipe(v.string(), v.regex(/^[\w-]{43}$/));
const common = {
  issuer: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(512))),
  reason: v.optional(v.pipe(v.string(), v.maxLength(256))),
};
const named = <const Kind extends string>(kind: Kind, value: v.GenericSchema<unknown, string>) =>
  v.strictObject({ kind: v.literal(kind), value, ...common });
const time = v.pipe(v.number(), v.finite(), v.minValue(0));
const before = { kind: v.literal('before'), value: time, ...common };

const schema = v.union([
  v.variant('kind', [
    named('token', name),
    named('session', name),
    named('agent', agentId),
    named('key', thumbprint),
    named('jkt', thumbprint),
  ]),
  v.strictObject({ ...before, agent: agentId }),
  v.strictObject({ ...before, all: v.literal(true) }),
]);

type Body = v.InferOutput<typeof schema>;

const form: BodyForm<Body> = {
  names: new Set(['kind', 'value', 'issuer', 'agent', 'all', 'reason']),
  schema,
};

/** How far a clock may be ahead whose "now" is revoked before; further on, it is milliseconds. */
const aheadSeconds = 60;

/** When the last token is gone that a body covers: some names will cover tokens of tomorrow too. */
function endOf(kind: Body['kind'], isOurs: boolean, now: number): number {
  const ends = lastAcceptance(now + aheadSeconds + longestLife);
  const table: Readonly<Record<Body['kind'], number>> = {
    token: ends,
    before: ends,
    // Our own sessions get no token later; of others' we cannot know
    session: isOurs ? ends : untilLifted,
    agent: untilLifted,
    key: untilLifted,
    jkt: untilLifted,
  };
  return table[kind];
}

function toRequest(body: Body, issuer: string, isOurs: boolean, now: number): RevocationRequest {
  const { kind, reason } = body;
  const shared = { kind, issuer, reason, expiresAt: endOf(kind, isOurs, now) };
  if (body.kind !== 'before') return { ...shared, value: body.value };
  return { ...shared, value: 'agent' in body ? body.agent : '', before: body.value };
}

/** POST /admin/revocations */
export function revokeTarget(context: AuthorityContext): Target {
  const { bindings, config } = context;
  const issuers = new Set([config.issuer, ...config.trustedIssuers.map(({ issuer }) => issuer)]);
  return {
    async read({ agent: operator, readBody }) {
      const body = readJson(await readBody(maxBodyBytes), form);
      if (!body.ok) return refused('admin:write', body.code);
      const now = Math.floor(context.now() / 1000);
      const { issuer = config.issuer } = body.value;
      const isOurs = issuer === config.issuer;
      const request = toRequest(body.value, issuer, isOurs, now);
      const { kind, value, before: until = 0 } = request;
      // A record for an issuer that nobody trusts would look like a revocation, and be none
      if (!issuers.has(issuer)) return refused('admin:write', 'issuer_unknown');
      if (until > now + aheadSeconds) return refused('admin:write', 'request_malformed');
      return {
        required: ['admin:write'],
        about: `${kind} ${value}`,
        async run() {
          const recorded = await recordRevocation(bindings, config, {
            ...request,
            by: operator.agentId,
          });
          // After the record, which also covers what is issued in between
          if (kind === 'agent' && isOurs) {
            await changeAgent(agentParts(context), value, { disabled: true });
          }
          if (kind === 'key' && isOurs) await takeOutKey(context, value);
          return json(recorded, 201);
        },
      };
    },
  };
}

const describe = ({ hash: h, before: until, reason, by, ...record }: LogRecord): object => ({
  ...record,
  h,
  ...(until === null ? {} : { before: until }),
  ...(reason === null ? {} : { reason }),
  ...(by === null ? {} : { by }),
});

/** GET /admin/revocations */
export function listRevocationsTarget({ bindings, config }: AuthorityContext): Target {
  return {
    read({ query }) {
      const list = readList(query, /^$/);
      const after = /^\d{0,15}$/.test(list?.after ?? '') ? Number(list?.after) : undefined;
      if (list === undefined || after === undefined) {
        return refused('admin:read', 'parameter_malformed');
      }
      return {
        required: ['admin:read'],
        async run() {
          const found = await logStub(bindings, config).list(after, list.limit + 1);
          const records = found.slice(0, list.limit);
          const next = found.length > list.limit ? records.at(-1)?.seq : undefined;
          return json({
            records: records.map(describe),
            ...(next === undefined ? {} : { next }),
          });
        },
      };
    },
  };
}

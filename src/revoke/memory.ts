// memoryRevocations: what is revoked, held in this process's memory alone.

import { checkOptionNames } from '../errors/caller.ts';
import { namesOf, type RevocationKind, type RevocationName } from './records.ts';
import type { RevocationSource } from './revocation_source.ts';

/** What to revoke. */
export interface Revocation {
  readonly kind: RevocationKind;
  /** The `jti`, `sid`, agent id or key thumbprint; for `before` a time, seconds since the epoch. */
  readonly value: string | number;
  /** Whose tokens; default `yamtam-engine`. */
  readonly issuer?: string;
  /** For `before`: the agent whose tokens are meant. */
  readonly agent?: string;
  /** For `before`: the tokens of all agents are meant. */
  readonly all?: boolean;
}

/** A revocation source that is told what is revoked. */
export interface MemoryRevocations extends RevocationSource {
  /**
   * Revokes at once.
   *
   * @throws TypeError for a revocation that names nothing
   */
  revoke(revocation: Revocation): void;
}

const kinds: ReadonlySet<unknown> = new Set(['token', 'session', 'agent', 'key', 'jkt', 'before']);
const optionNames = ['kind', 'value', 'issuer', 'agent', 'all'];

const nameId = ({ kind, issuer, value }: RevocationName): string =>
  JSON.stringify([kind, issuer, value]);

function readName({
  kind,
  value,
  issuer = 'yamtam-engine',
  agent,
  all,
}: Revocation): RevocationName {
  if (!kinds.has(kind)) throw new TypeError('"kind" must be one of the kinds of revocation');
  if (typeof issuer !== 'string' || issuer === '') {
    throw new TypeError('"issuer" must be a non-empty string');
  }
  if (kind !== 'before') {
    if (agent !== undefined || all !== undefined) {
      throw new TypeError('"agent" and "all" belong to "before"');
    }
    if (typeof value !== 'string' || value === '') {
      throw new TypeError('"value" must be a non-empty string');
    }
    return { kind, issuer, value };
  }
  if (!Number.isFinite(value)) throw new TypeError('"value" must be a time in seconds');
  if ((agent === undefined) === (all !== true)) {
    throw new TypeError('"before" needs either "agent" or "all": true');
  }
  // The empty name stands for all agents
  if (agent === '' || (agent !== undefined && typeof agent !== 'string')) {
    throw new TypeError('"agent" must be a non-empty string');
  }
  return { kind, issuer, value: agent ?? '' };
}

/**
 * Makes a revocation source that lives in memory: for tests, and for services of one process.
 *
 * Does not hear of revocations made elsewhere, forgets all at a restart, and grows with each
 * revocation: see `revocationFeed` for the authority's own.
 *
 * @example
 * ```ts
 * import {
 *   createIssuer, createVerifier, generateSigningKey, localKeys, memoryRevocations,
 * } from 'swarmgate';
 *
 * const key = await generateSigningKey();
 * const token = await createIssuer({ key }).issueAgentToken({ sub: 'a', tier: 'fast', scope: [] });
 * const revocation = memoryRevocations();
 * const verifier = createVerifier({ keys: await localKeys(key.publicJwk), revocation });
 * await verifier.verifyAgentToken(token);
 *
 * revocation.revoke({ kind: 'agent', value: 'a' });
 * const refused = await verifier.checkAgentToken(token);
 * if (refused.ok || refused.error.code !== 'token_revoked') throw new Error('unexpected');
 * ```
 */
export function memoryRevocations(): MemoryRevocations {
  const revoked = new Set<string>();
  const before = new Map<string, number>();
  return Object.freeze({
    revoke(revocation) {
      checkOptionNames('revoke', revocation, optionNames);
      const id = nameId(readName(revocation));
      if (revocation.kind !== 'before') revoked.add(id);
      else before.set(id, Math.max(before.get(id) ?? -Infinity, Number(revocation.value)));
    },
    isRevoked: (chain) =>
      chain.some((identity) =>
        namesOf(identity).some((name) =>
          name.kind === 'before'
            ? identity.issuedAt <= (before.get(nameId(name)) ?? -Infinity)
            : revoked.has(nameId(name)),
        ),
      ),
  } satisfies MemoryRevocations);
}

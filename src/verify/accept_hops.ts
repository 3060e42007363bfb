// A token with a chain of off-line hops: remembered, or examined now.

import type { AcceptedToken } from './accept.ts';
import type { Outcome } from './examine.ts';
import { examineChain } from './examine_chain.ts';
import { createHopKeys } from './hop_keys.ts';
import { recall, type Memory } from './memory.ts';
import type { Policy } from './policy.ts';

/** Keys of hops that are kept, beside the tokens and chains. */
const hopKeyEntries = 5000;

/** A token with off-line hops. The hops of a remembered root are still examined. */
export async function acceptWithHops(
  policy: Policy,
  memory: Memory,
  token: string,
  delegation: string,
): Promise<Outcome<AcceptedToken>> {
  const { tokens, chains } = memory;
  const id = `${token.length}:${token}${delegation}`;
  const known = await recall(policy, chains, id);
  if (known !== undefined) return { ok: true, value: known };
  const root = await recall(policy, tokens, token);
  memory.hopKeys ??= createHopKeys(hopKeyEntries);
  const examined = await examineChain(policy, memory.hopKeys, { token, delegation }, root);
  if (!examined.ok) return examined;
  if (root === undefined) tokens.set(token, examined.value.root);
  chains.set(id, examined.value.leaf);
  return { ok: true, value: examined.value.leaf };
}

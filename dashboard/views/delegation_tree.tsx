// Who acts for whom: the chains that an agent has been part of lately, drawn as one tree from each root.

import { addressOf } from '../app/route.ts';
import { inert } from '../ui/format.ts';

type Entry = Readonly<Record<string, unknown>>;

/** One place in a chain. */
interface Link {
  readonly id: string;
  /** Whether the gateway knows that it is this agent, and not only what the delegator says. */
  readonly authenticated: boolean;
}

interface Branch extends Link {
  readonly branches: Map<string, Branch>;
}

/** Nodes that are drawn at most. */
const most = 200;

/** The actors of a record, newest first. */
export function actorsOf(record: Entry): readonly Link[] {
  const { actors } = record;
  if (!Array.isArray(actors)) return [];
  return actors.flatMap((actor: unknown) => {
    const { agent, authenticated } = actor as Entry;
    return typeof agent === 'string' ? [{ id: agent, authenticated: authenticated === true }] : [];
  });
}

/** The trees of all chains, from their roots on. */
function treesOf(records: readonly Entry[]): ReadonlyMap<string, Branch> {
  const roots = new Map<string, Branch>();
  let count = 0;
  for (const record of records) {
    const { subject } = record;
    const actors = actorsOf(record);
    if (actors.length === 0 || typeof subject !== 'string') continue;
    let level = roots;
    for (const link of [{ id: subject, authenticated: true }, ...actors.toReversed()]) {
      let branch = level.get(link.id);
      if (branch === undefined) {
        if (++count > most) return roots;
        branch = { ...link, branches: new Map() };
        level.set(link.id, branch);
      }
      level = branch.branches;
    }
  }
  return roots;
}

/** The trees that the records show; nothing without delegation. */
export function DelegationTree({ records }: { readonly records: readonly Entry[] }) {
  const roots = treesOf(records);
  if (roots.size === 0) return null;
  return (
    <section class="sheet">
      <h2>Delegation</h2>
      <p class="quiet">Who passed its power on to whom, as the newest records show it.</p>
      <Branches of={roots} />
    </section>
  );
}

function Branches({ of }: { readonly of: ReadonlyMap<string, Branch> }) {
  return (
    <ul class="tree">
      {[...of.values()].map(({ id, authenticated, branches }) => (
        <li key={id}>
          <a class="mono" href={addressOf('agent', id)}>
            {inert(id)}
          </a>
          {authenticated ? null : <span class="warn"> as its delegator says</span>}
          {branches.size === 0 ? null : <Branches of={branches} />}
        </li>
      ))}
    </ul>
  );
}

// Ids that nobody may take: the reserved ones, and what a person would read as one of them.

/** The first operator's id. */
export const operatorId = 'operator';

/** Who carries messages between the bus and folders of mailboxes. */
export const bridgeId = 'bridge';

const reserved = [operatorId, 'gateway', bridgeId];

// What looks alike in many fonts, and what is only there to part words
const alike: readonly (readonly [RegExp, string])[] = [
  [/[._:@/-]/g, ''],
  [/vv/g, 'w'],
  [/0/g, 'o'],
  [/[1l]/g, 'i'],
  [/3/g, 'e'],
  [/4/g, 'a'],
  [/5/g, 's'],
  [/7/g, 't'],
  [/[69]/g, 'g'],
  [/8/g, 'b'],
];

function skeleton(id: string): string {
  return alike.reduce((text, [from, to]) => text.replace(from, to), id.toLowerCase());
}

const skeletons: ReadonlySet<string> = new Set(reserved.map(skeleton));

/** Tells whether an id is reserved, or would be taken for one that is (`Operator`, `br1dge`, `gate-way`). */
export function isReserved(id: string): boolean {
  return skeletons.has(skeleton(id));
}

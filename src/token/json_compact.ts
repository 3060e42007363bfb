// JSON that the built-in parser reads as strictly as the scanner does: compact, and without escapes.

/** How deeply arrays and objects may nest. */
export const defaultMaxDepth = 32;

function opensAtMost(text: string, bracket: '{' | '[', limit: number): number {
  let count = 0;
  let at = text.indexOf(bracket);
  while (at >= 0 && count <= limit) {
    count++;
    at = text.indexOf(bracket, at + 1);
  }
  return count;
}

/**
 * The value of a text that the built-in parser turns back into the very same text: it has no
 * duplicate names, which would be missing, and no escapes. `undefined` says nothing about a text.
 */
export function parseCompact(text: string, maxDepth: number = defaultMaxDepth): unknown {
  const opened = opensAtMost(text, '{', maxDepth) + opensAtMost(text, '[', maxDepth);
  if (opened > maxDepth || text.includes('\\')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

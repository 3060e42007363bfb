// Claim names that look like secrets: a signed token is readable by everyone who sees it.

const anywhere = /passw(?:or)?d|passphrase|secret|credential|api[-_]?key|private[-_]?key/i;
const words: ReadonlySet<string> = new Set(['token', 'jwt', 'cookie', 'bearer', 'otp', 'pin']);

/** Tells whether a claim name looks like that of a secret: `github_token`, `dbPassword`, `api-key`. */
function looksSecret(name: string): boolean {
  if (anywhere.test(name)) return true;
  const last = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .at(-1);
  return last !== undefined && words.has(last);
}

/** The first name, at any depth, that looks like a secret's. */
export function findSecretName(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    if (!Array.isArray(value) && looksSecret(name)) return name;
    const inner = findSecretName(member);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

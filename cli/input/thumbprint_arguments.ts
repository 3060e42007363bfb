// Thumbprints that begin with a dash: every sixty-fourth does, and must not be taken for an option

// 32 bytes in base64url; no option has such a name
const dashed = /^-[\w-]{42}$/;

/** The arguments with such thumbprints behind `--`, where nothing is an option. */
export function thumbprintsLast(argv: readonly string[]): readonly string[] {
  const found = argv.filter((argument) => dashed.test(argument));
  if (found.length === 0 || argv.includes('--')) return argv;
  return [...argv.filter((argument) => !dashed.test(argument)), '--', ...found];
}

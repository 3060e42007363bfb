// How much of the same a test does: a little in `npm test`, all of it in `npm run soak`

/** The variable by which `npm run soak` asks for the long forms. */
export const longForm = 'TEST_FORM';

/** A count for each form. */
export function times({ short, long }: { readonly short: number; readonly long: number }): number {
  return process.env[longForm] === 'long' ? long : short;
}

// Assertions about caller's mistakes: a TypeError that says what is wrong

/** Fails unless the work throws, or rejects with, a TypeError whose message has these words. */
export async function refusesCaller(work: () => unknown, words: string): Promise<void> {
  let outcome: string;
  try {
    await work();
    outcome = 'it was accepted';
  } catch (error) {
    if (error instanceof TypeError && error.message.includes(words)) return;
    outcome = `it was ${String(error)}`;
  }
  throw new Error(`Expected a TypeError with "${words}", but ${outcome}`);
}

// The parts of a verifier that an ordinary token does not need, in one file: bundlers make one chunk of it.

export { parseToken } from '../token/parse.ts';
export { authenticateDelegates } from './delegates.ts';
export { readChain } from './delegation.ts';
export { examineChain } from './examine_chain.ts';
export { createHopKeys } from './hop_keys.ts';
export { createSenderProofs } from './sender_proof.ts';

// The parts of a verifier that an ordinary token does not need, in one file: bundlers make one chunk of it.

export { parseToken } from '../token/parse.ts';
export { acceptWithHops } from './accept_hops.ts';
export { authenticateDelegates } from './delegates.ts';
export { readChain } from './delegation.ts';
export { createSenderProofs } from './sender_proof.ts';

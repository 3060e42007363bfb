// `swarmgate/issue`: keys and tokens, for an authority.

export { generateSigningKey } from '../keys/generate.ts';
export type { GenerateSigningKeyOptions } from '../keys/generate.ts';
export { importSigningKey } from '../keys/import.ts';
export type { ImportSigningKeyOptions } from '../keys/import.ts';
export type { SigningAlgorithm } from '../keys/algorithms.ts';
export { planRotation } from '../keys/rotation.ts';
export type {
  KeyState,
  RotatingKey,
  RotationPlan,
  RotationPolicy,
  RotationStep,
} from '../keys/rotation.ts';
export type { PublicJwk, SigningKey } from '../keys/signing_key.ts';
export { createDpopProof } from '../proof/dpop.ts';
export type { DpopProofOptions } from '../proof/dpop.ts';
export { delegateAgentToken } from './delegate.ts';
export type { DelegationOptions } from './delegate_options.ts';
export { createIssuer } from './issuer.ts';
export type { AgentTokenRequest, Issuer, IssuerOptions } from './issuer.ts';
export { makeStatusListToken } from './status_list.ts';
export type { StatusListTokenOptions } from './status_list.ts';
export type { StatusBits } from '../revoke/status_codec.ts';

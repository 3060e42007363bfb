// `swarmgate/verify`: what a service needs to check agent tokens, and nothing that issues or seals.

export * from '../errors/index.ts';
export { authorize, requireTier } from '../authorize/authorize.ts';
export { covers, isScope } from '../authorize/scope.ts';
export type { SigningAlgorithm, VerificationAlgorithm } from '../keys/algorithms.ts';
export type { KeyQuery, KeySource, VerificationKey } from '../keys/key_source.ts';
export { localKeys } from '../keys/local.ts';
export { remoteKeys } from '../keys/remote.ts';
export type { RemoteKeys } from '../keys/remote.ts';
export type { FetchKeys, RemoteKeysOptions, WaitUntil } from '../keys/remote_options.ts';
export { verifyDpopProof } from '../proof/dpop.ts';
export type { DpopExpectations, DpopProof } from '../proof/dpop.ts';
export { memoryReplayGuard } from '../proof/replay.ts';
export type { MemoryReplayOptions, ReplayGuard } from '../proof/replay.ts';
export type { RevocationSource } from '../revoke/revocation_source.ts';
export { isAuthorizedCall, isVerifiedAgent } from '../token/agent.ts';
export type { Actor, AuthorizedCall, VerifiedAgent } from '../token/agent.ts';
export type { ActClaim, AgentClaims, Confirmation, StatusClaim } from '../token/claims.ts';
export { isAgentId } from '../token/identity.ts';
export type { TokenIdentity } from '../token/identity.ts';
export { parseJson, scanJsonObject } from '../token/json.ts';
export type { JsonOptions, ScannedObject } from '../token/json.ts';
export { decodeUnverified } from '../token/parse.ts';
export type { UnverifiedToken } from '../token/parse.ts';
export { createVerifier } from './verifier.ts';
export type { Verifier, VerifyOptions } from './verifier.ts';
export type { TokenProfile } from './header.ts';
export type { SharedVerifierOptions, TrustedIssuerOptions, VerifierOptions } from './policy.ts';

// The contract of the core: tokens, the verifier, the issuer, authorization, proofs, errors

import type { ContractSuite } from './case.ts';
import * as controls from './cases/controls.ts';
import * as delegation from './cases/delegation.ts';
import * as delegationRefused from './cases/delegation_refused.ts';
import * as dpop from './cases/dpop.ts';
import * as dpopBound from './cases/dpop_bound.ts';
import * as dpopRefused from './cases/dpop_refused.ts';
import * as dpopTarget from './cases/dpop_target.ts';
import * as engineInterop from './cases/engine_interop.ts';
import * as errors from './cases/errors.ts';
import * as hooks from './cases/hooks.ts';
import * as issuer from './cases/issuer.ts';
import * as issuerRefused from './cases/issuer_refused.ts';
import * as jsonCorpus from './cases/json_corpus.ts';
import * as offline from './cases/offline.ts';
import * as offlineRefused from './cases/offline_refused.ts';
import * as pipelineOrder from './cases/pipeline_order.ts';
import * as replayGuard from './cases/replay_guard.ts';
import * as tamperAlg from './cases/tamper_alg.ts';
import * as tamperFraming from './cases/tamper_framing.ts';
import * as tamperGrants from './cases/tamper_grants.ts';
import * as tamperHeader from './cases/tamper_header.ts';
import * as tamperJson from './cases/tamper_json.ts';
import * as tamperKey from './cases/tamper_key.ts';
import * as tamperNames from './cases/tamper_names.ts';
import * as tamperSignature from './cases/tamper_signature.ts';
import * as tamperTime from './cases/tamper_time.ts';
import * as verifierCache from './cases/verifier_cache.ts';
import * as verifierOptions from './cases/verifier_options.ts';
import * as verifierResults from './cases/verifier_results.ts';

export const core: readonly ContractSuite[] = [
  { name: 'controls', cases: controls.cases },
  { name: 'tampering: algorithm', cases: tamperAlg.cases },
  { name: 'tampering: key', cases: tamperKey.cases },
  { name: 'tampering: header', cases: tamperHeader.cases },
  { name: 'tampering: JSON', cases: tamperJson.cases },
  { name: 'tampering: framing', cases: tamperFraming.cases },
  { name: 'tampering: signature', cases: tamperSignature.cases },
  { name: 'tampering: time', cases: tamperTime.cases },
  { name: 'tampering: names', cases: tamperNames.cases },
  { name: 'tampering: grants', cases: tamperGrants.cases },
  { name: 'JSON corpus', cases: jsonCorpus.cases },
  { name: 'order of the pipeline', cases: pipelineOrder.cases },
  { name: 'the engine', cases: engineInterop.cases },
  { name: 'options of a verifier', cases: verifierOptions.cases },
  { name: 'results of a verifier', cases: verifierResults.cases },
  { name: 'hooks', cases: hooks.cases },
  { name: 'cache of a verifier', cases: verifierCache.cases },
  { name: 'replay guard', cases: replayGuard.cases },
  { name: 'exchanged delegation', cases: delegation.cases },
  { name: 'refused delegation', cases: delegationRefused.cases },
  { name: 'off-line delegation', cases: offline.cases },
  { name: 'refused off-line delegation', cases: offlineRefused.cases },
  { name: 'DPoP', cases: dpop.cases },
  { name: 'bound tokens', cases: dpopBound.cases },
  { name: 'refused DPoP proofs', cases: dpopRefused.cases },
  { name: 'DPoP targets', cases: dpopTarget.cases },
  { name: 'issuer', cases: issuer.cases },
  { name: 'mistakes of an issuer', cases: issuerRefused.cases },
  { name: 'errors', cases: errors.cases },
];

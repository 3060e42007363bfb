// `swarmgate token verify`: tells who a token speaks for, or with which code it is refused

import { Option, type Command } from 'commander';
import {
  createVerifier,
  type ErrorCode,
  type TokenError,
  type VerificationAlgorithm,
  type VerifiedAgent,
} from '../src/index.ts';
import { delegationOption, readDelegation } from './input/delegation_input.ts';
import { CommandFailure, exitCodes, usage } from './output/failure.ts';
import { addValue, examples, readAlgorithms } from './input/options.ts';
import { paint, printResult } from './output/output.ts';
import { isoTime, printable, relative, rows } from './output/text.ts';
import { argumentRefusal, readToken } from './input/token_input.ts';
import { openTrustedKeys } from './input/trusted_keys.ts';

interface VerifyOptions {
  readonly jwks?: string;
  readonly key?: string;
  readonly tokenFile?: string;
  readonly delegationFile?: string;
  readonly issuer?: string;
  readonly audience?: readonly string[];
  readonly algorithms?: readonly VerificationAlgorithm[];
  readonly profile?: 'at+jwt' | 'engine';
  readonly acceptUnproven?: true;
  readonly json?: true;
}

/** Adds the command. */
export function addTokenVerify(parent: Command): void {
  parent
    .command('verify')
    .description('verify a token: exit 0 and say who it is, or exit 1 with the code')
    .addHelpText(
      'after',
      [
        '',
        'The token comes from --token-file, else SWARMGATE_TOKEN, else standard input.',
        'Revocation is not checked: only the gateway that a token is for knows it.',
        examples(
          'swarmgate token verify --key issuer.pub.json < token.txt',
          'printf %s "$TOKEN" | swarmgate token verify --jwks http://127.0.0.1:8787/.well-known/jwks.json --issuer http://127.0.0.1:8787',
        ),
      ].join('\n'),
    )
    .argument('[token...]', 'refused: a token is not taken from an argument')
    .option('--jwks <file or URL>', 'keys to trust: a JWK set')
    .option('--key <file>', 'key to trust: a public JWK or SPKI PEM')
    .option('--token-file <file>', 'read the token from a file; "-" is standard input')
    .option(...delegationOption)
    .option('--issuer <name>', 'the issuer to trust (default: "yamtam-engine")')
    .option(
      '--audience <name>',
      'an audience to accept (default: "swarm-bus"); repeatable',
      addValue,
    )
    .option('--algorithms <names>', 'accepted algorithms (default: "ES256")', readAlgorithms)
    .addOption(
      new Option('--profile <name>', '"engine" for older tokens with fewer claims').choices([
        'at+jwt',
        'engine',
      ]),
    )
    .option('--accept-unproven', 'accept a token that is bound to a key without its proof')
    .option('--json', 'print one JSON object')
    .action(verify);
}

async function verify(words: readonly string[], options: VerifyOptions): Promise<void> {
  if (words.length > 0) throw usage(argumentRefusal);
  const keys = await openTrustedKeys(options);
  const { issuer, audience, algorithms, profile, acceptUnproven, json } = options;
  if (issuer === '') throw usage('--issuer must not be empty');
  const verifier = createVerifier({
    keys,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    ...(algorithms === undefined ? {} : { algorithms }),
    ...(profile === undefined ? {} : { profile }),
    cache: false,
  });
  const { token, source } = await readToken(options.tokenFile);
  const delegation = await readDelegation(options.delegationFile);
  const unproven = acceptUnproven ? { proof: null } : {};
  const checked = await verifier.checkAgentToken(token, { ...unproven, delegation });
  if (!checked.ok) throw withAdvice(checked.error);
  const agent = checked.value;
  const now = Date.now() / 1000;
  printResult(json, asObject(agent, now), () => asText(agent, source, now));
}

/** Which option decides over a code, for those who forgot to give it. */
const advice: Partial<Record<ErrorCode, string>> = {
  alg_not_allowed: '--algorithms names the accepted ones, by default ES256 alone',
  typ_not_allowed: "--profile engine accepts the older engine's tokens",
  claim_missing: "--profile engine accepts the older engine's tokens",
  key_unknown: 'the key that signed is not among those of --jwks or --key',
  issuer_not_trusted: '--issuer names the one to trust, by default "yamtam-engine"',
  audience_mismatch: '--audience names the one to accept, by default "swarm-bus"',
  proof_required: '--accept-unproven leaves the proof out',
};

function withAdvice(error: TokenError): Error {
  const hint = advice[error.code];
  if (hint === undefined) return error;
  return new CommandFailure(error.code, exitCodes.refused, `${error.message} (${hint})`);
}

function asObject(agent: VerifiedAgent, now: number): object {
  return {
    valid: true,
    agent_id: agent.agentId,
    subject_id: agent.subjectId,
    actors: agent.actors.map(({ agentId, authenticated }) => ({
      agent_id: agentId,
      authenticated,
    })),
    tier: agent.tier,
    scope: agent.scope,
    issuer: agent.issuer,
    token_id: agent.tokenId ?? null,
    session_id: agent.sessionId ?? null,
    expires_at: agent.expiresAt,
    expires_in: Math.floor(agent.expiresAt - now),
    jkt: agent.jkt ?? null,
    proof_checked: false,
    revocation_checked: false,
  };
}

function asText(agent: VerifiedAgent, source: string, now: number): string {
  const { agentId, subjectId, tier, scope, issuer, sessionId, expiresAt, jkt, actors } = agent;
  const hops = actors.filter(({ authenticated }) => !authenticated).map((actor) => actor.agentId);
  const unchecked = [
    'revocation (only the gateway knows it)',
    ...(jkt === undefined ? [] : ['the proof of its key (--accept-unproven)']),
    ...(hops.length === 0 ? [] : ['who its delegates are (only the gateway knows it)']),
  ];
  const table = rows([
    ['valid', `token from ${printable(source)}`],
    ['agent', paint('bold', agentId)],
    ...(subjectId === agentId ? [] : [['acts for', subjectId] as const]),
    ...(hops.length === 0 ? [] : [['delegates', hops.toReversed().join(' ⇢ ')] as const]),
    ['tier', tier],
    ['scopes', scope.join(' ') || 'none'],
    ['issuer', printable(issuer)],
    ...(sessionId === undefined ? [] : [['session', printable(sessionId)] as const]),
    ['expires', `${relative(expiresAt, now)} (${isoTime(expiresAt) ?? expiresAt})`],
    ['not checked', unchecked.join(', ')],
  ]);
  // Coloured afterwards: the codes would count as width
  return paint('good', 'valid') + table.slice('valid'.length);
}

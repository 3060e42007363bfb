// `swarmgate token issue`: a token under a key of one's own, alone on standard output

import { InvalidArgumentError, Option, type Command } from 'commander';
import { createIssuer, decodeUnverified, type SigningAlgorithm } from '../src/index.ts';
import { usage } from './output/failure.ts';
import { readSigningKey } from './input/key_files.ts';
import {
  addValue,
  addWords,
  checkScopes,
  examples,
  readAgentId,
  readDuration,
  signingAlgorithms,
} from './input/options.ts';
import { printResult } from './output/output.ts';

interface IssueOptions {
  readonly key: string;
  readonly alg?: SigningAlgorithm;
  readonly sub: string;
  readonly tier: string;
  readonly scope: readonly string[];
  readonly issuer?: string;
  readonly audience?: readonly string[];
  readonly lifetime?: number;
  readonly sid?: string;
  readonly scopeFormat?: 'string' | 'array';
  readonly claim?: Readonly<Record<string, string>>;
  readonly json?: true;
}

/** Adds the command. */
export function addTokenIssue(parent: Command): void {
  parent
    .command('issue')
    .description('issue a token under a key of yours, and print it alone')
    .requiredOption('--key <file>', 'private key: JWK or PKCS#8 PEM, readable by you alone')
    .requiredOption('--sub <agent id>', 'the agent', readAgentId)
    .requiredOption(
      '--tier <name>',
      'its tier: "fast" or "power", unless the gateway is told of others',
    )
    .requiredOption('--scope <scope...>', 'what it may do; several, or none with ""', addWords)
    .option('--issuer <name>', 'who issues (default: "yamtam-engine")')
    .option(
      '--audience <name>',
      'who the token is for (default: "swarm-bus"); repeatable',
      addValue,
    )
    .option('--lifetime <time>', 'such as 900, 15m or 1h (default: 15m)', readDuration)
    .option('--sid <id>', 'the session that the token belongs to')
    .option('--claim <name=value>', 'a further claim, as text; repeatable', addClaim)
    .addOption(
      new Option('--scope-format <form>', '"array" for readers of older tokens').choices([
        'string',
        'array',
      ]),
    )
    .addOption(
      new Option('--alg <name>', 'algorithm of a key that names none').choices(signingAlgorithms),
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        'TOKEN=$(swarmgate token issue --key issuer.key.json --sub planner --tier fast --scope bus:receive)',
        'swarmgate token issue --key issuer.key.json --sub planner --tier power \\\n  --scope "bus:publish bus:receive" --lifetime 5m --claim team=research',
      ),
    )
    .action(issue);
}

async function issue(options: IssueOptions): Promise<void> {
  checkScopes(options.scope);
  const key = await readSigningKey(options.key, options.alg);
  const token = await issueWith(key, options);
  const { exp } = decodeUnverified(token).claims;
  printResult(options.json, { token, kid: key.kid, expires_at: exp }, () => token);
}

async function issueWith(
  key: Awaited<ReturnType<typeof readSigningKey>>,
  options: IssueOptions,
): Promise<string> {
  const { sub, tier, scope, sid, claim, issuer, audience, lifetime, scopeFormat } = options;
  try {
    const made = createIssuer({
      key,
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined
        ? {}
        : { audience: audience.length === 1 ? audience.join() : audience }),
      ...(lifetime === undefined ? {} : { lifetime }),
      ...(scopeFormat === undefined ? {} : { scopeFormat }),
    });
    return await made.issueAgentToken({
      sub,
      tier,
      scope,
      ...(sid === undefined ? {} : { sid }),
      ...(claim === undefined ? {} : { claims: claim }),
    });
  } catch (error) {
    // The library names the option at fault, with no value but the name of a claim
    if (error instanceof TypeError) throw usage(`The token cannot be issued: ${error.message}`);
    throw error;
  }
}

function addClaim(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be name=value.');
  const name = text.slice(0, at);
  if (before !== undefined && Object.hasOwn(before, name)) {
    throw new InvalidArgumentError('This claim is given twice.');
  }
  // Object.fromEntries defines "__proto__" as a member, which the library then refuses
  return Object.fromEntries([...Object.entries(before ?? {}), [name, text.slice(at + 1)]]);
}

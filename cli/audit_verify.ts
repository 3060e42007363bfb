// `swarmgate audit verify`: whether an exported audit log is whole, in order and as it was written

import { createReadStream } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { verifyAuditLog, type AuditReport } from '../src/audit/index.ts';
import { progressOn } from './audit_export.ts';
import { describeFinding } from './output/audit_text.ts';
import { addGateway, gatewayUrl } from './connection.ts';
import { environment, exitCodes, systemCode, systemReason } from './output/failure.ts';
import { linesOf } from './input/lines.ts';
import { examples } from './input/options.ts';
import { paint, printResult } from './output/output.ts';
import { relative } from './output/text.ts';
import { openTrustedKeys } from './input/trusted_keys.ts';

interface VerifyOptions {
  readonly url?: string;
  readonly issuer?: string;
  readonly jwks?: string;
  readonly unsigned?: true;
  readonly partial?: true;
  readonly maxAge?: number;
  readonly json?: true;
}

/** Findings that are shown to people; with --json there are more. */
const shownFindings = 20;

/** Adds the command. */
export function addAuditVerify(parent: Command): void {
  const command = parent
    .command('verify')
    .argument('[file]', 'the log; "-" or nothing: standard input', '-')
    .description('check that nothing of a log was changed, moved, deleted or cut off');
  addGateway(command)
    .option('--issuer <url>', "the gateway's ISSUER, where it is not its address")
    .option('--jwks <file or URL>', "the audit keys (default: the gateway's audit-jwks.json)")
    .option('--unsigned', 'check the chains alone: for a gateway without an audit key')
    .option('--partial', 'the log is a part, exported with --after')
    .option(
      '--max-age <time>',
      'how old the newest manifest may be, such as 180s, 5m or 24h',
      readAge,
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        'swarmgate audit export --key operator.key.json | swarmgate audit verify --max-age 3m',
        'swarmgate audit verify audit.jsonl --issuer https://gate.example --jwks audit-jwks.json',
      ),
    )
    .action(verify);
}

function readAge(text: string): number {
  const [, digits = '', unit = 's'] = /^(\d{1,7})([smh])?$/.exec(text) ?? [];
  const seconds = Number(digits) * ({ s: 1, m: 60, h: 3600 }[unit] ?? 1);
  if (seconds > 0) return seconds;
  throw new InvalidArgumentError('It must be a time such as 180s, 5m or 24h.');
}

async function verify(file: string, options: VerifyOptions): Promise<void> {
  const { json, partial = false, maxAge, unsigned } = options;
  const progress = progressOn(process.stderr);
  const named = options.issuer ?? gatewayUrl(options);
  const jwks = options.jwks ?? `${gatewayUrl(options)}/.well-known/audit-jwks.json`;
  const report = await readingFrom(
    file,
    verifyAuditLog(linesOf(file === '-' ? process.stdin : createReadStream(file)), {
      keys: unsigned === true ? null : await openTrustedKeys({ jwks }),
      issuer: named,
      partial,
      ...(maxAge === undefined ? {} : { maxAge }),
      onProgress: (lines) => progress(`${lines} lines`),
    }),
  );
  progress('');
  if (!report.ok) process.exitCode = exitCodes.refused;
  printResult(json, report, () => textOf(report));
}

async function readingFrom<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (systemCode(error) === undefined || systemCode(error)?.startsWith('E') !== true) throw error;
    throw environment(`"${file}" cannot be read: ${systemReason(error)}`);
  }
}

function textOf(report: AuditReport): string {
  const { findings, faults, losses, entries, unsealed, newest, signed } = report;
  const now = Date.now() / 1000;
  const shown = findings.slice(0, shownFindings).map(describeFinding);
  const rest = faults - shown.length;
  const lost = losses.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const covered =
    newest === undefined
      ? 'no manifest'
      : `manifest ${newest.seq} of ${relative(newest.at, now)} is the newest`;
  return [
    ...shown.map((text) => `${paint('bad', 'x')} ${text}`),
    ...(rest > 0 ? [`and ${rest} more`] : []),
    report.ok
      ? paint('good', `intact: ${entries} entries${signed ? '' : ', signatures not checked'}`)
      : paint('bad', `NOT intact: ${faults} faults in ${entries} entries`),
    `${covered}; ${unsealed} entries are not covered yet; ${lost} records were lost by their writers`,
  ].join('\n');
}

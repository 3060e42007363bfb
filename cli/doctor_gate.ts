// What doctor says of the gate, as the variables of this shell set it up

import { systemReason } from './output/failure.ts';
import { ok, warning, wrong, type Finding } from './output/finding.ts';
import { gateFolder, openPrivateFolder } from './gate/folder.ts';
import { openGate } from './gate/judge.ts';
import { readGateSettings } from './gate/settings.ts';

/** The gate as the variables of this shell set it up. */
export async function checkGate(): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const { SWARMGATE_GATE_DIR: given = '' } = process.env;
  const folder = gateFolder(given === '' ? undefined : given, process.env);
  try {
    openPrivateFolder(folder);
    findings.push(ok('gate folder', folder));
  } catch (error) {
    const isOurs = error instanceof Error && !('code' in error);
    const found = isOurs ? error.message : `"${folder}": ${systemReason(error)}`;
    findings.push(
      wrong(
        'gate folder',
        found,
        `Make it yours alone: chmod 700 '${folder}', or name another with SWARMGATE_GATE_DIR`,
      ),
    );
  }
  const settings = readGateSettings({}, process.env);
  if (settings.issuers.length === 0) {
    return [
      ...findings,
      warning(
        'gate',
        'no key is configured: it blocks everything',
        'Set YAMTAM_AGENT_PUBKEY, SWARMGATE_JWKS or SWARMGATE_URL where gates are to let agents through',
      ),
    ];
  }
  const gate = openGate(settings);
  const names = settings.issuers.map(({ issuer }) => issuer).join(', ');
  try {
    await gate.ready();
    findings.push(ok('gate', `trusts ${names}`));
  } catch (error) {
    const found = error instanceof Error ? error.message : 'it cannot be set up';
    findings.push(wrong('gate', found, 'See "swarmgate gate --help" for what the variables mean'));
  }
  return [...findings, ...(await gateFreshness(gate.revocations, settings.revocationAge))];
}

async function gateFreshness(
  revocations: ReturnType<typeof openGate>['revocations'],
  limit: number,
): Promise<readonly Finding[]> {
  if (revocations === undefined) {
    return [
      warning(
        'gate revocations',
        'not checked',
        'Set SWARMGATE_REVOCATIONS to the feed of the authority, such as https://gate.example/revocations',
      ),
    ];
  }
  await revocations.refresh();
  const age = revocations.age();
  if (age <= limit)
    return [ok('gate revocations', `known as of ${Math.ceil(age)} s ago, limit ${limit} s`)];
  const found =
    age === Infinity ? 'never heard of' : `known as of ${Math.ceil(age)} s ago, limit ${limit} s`;
  return [
    wrong(
      'gate revocations',
      found,
      'The gate blocks everything until the feed answers: check SWARMGATE_REVOCATIONS and the network',
    ),
  ];
}

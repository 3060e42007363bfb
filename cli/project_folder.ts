// The folder of a project that runs its own gateway: `.swarmgate`, for its owner alone and out of git

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SigningKey } from '../src/index.ts';
import { environment, systemCode, systemReason } from './output/failure.ts';
import { openPrivateFolder } from './gate/folder.ts';
import { readOrMakeKey, writeKeyFiles } from './input/key_files.ts';
import { publicKeyText } from './output/key_text.ts';

/** What a project has. */
export interface Project {
  readonly folder: string;
  readonly operator: SigningKey;
  /** What the authority seals its signing keys with. */
  readonly sealing: string;
  /** Files that were not there before. */
  readonly made: readonly string[];
}

/** Names of the files. */
export const projectFiles = {
  operator: 'operator.key.json',
  operatorPublic: 'operator.pub.json',
  sealing: 'sealing.key',
  variables: 'gateway.env',
  shell: 'env.sh',
  ignored: '.gitignore',
} as const;

/** Opens the folder, and makes whatever is not there yet. What is there stays as it is. */
export async function openProject(folder: string, url: string): Promise<Project> {
  ownFolder(folder);
  const path = (name: keyof typeof projectFiles): string => join(folder, projectFiles[name]);
  const { key: operator, made } = await readOrMakeKey(path('operator'));
  const sealing = existsSync(path('sealing'))
    ? readSealing(path('sealing'))
    : randomBytes(32).toString('base64url');
  const jwk = JSON.stringify(operator.publicJwk);
  const lines = {
    ignored: '# Private keys are in here\n*\n',
    operatorPublic: await publicKeyText(operator, 'jwk'),
    sealing: `${sealing}\n`,
    variables: `# For .dev.vars, or one by one for: wrangler secret put <name>\nISSUER=${url}\nOPERATOR_JWK='${jwk}'\nKEY_ENCRYPTION_KEY=${sealing}\n`,
    shell: `# Source this to be the operator\nexport SWARMGATE_URL='${url}'\nexport SWARMGATE_KEY='${path('operator').replaceAll("'", `'\\''`)}'\n`,
  };
  const absent = (Object.keys(lines) as (keyof typeof lines)[]).filter(
    (name) => !existsSync(path(name)),
  );
  await writeKeyFiles(
    absent.map((name) => ({ path: path(name), content: lines[name], isPrivate: true })),
    false,
  );
  return {
    folder,
    operator,
    sealing,
    made: [...(made ? ['operator' as const] : []), ...absent].map(path),
  };
}

function ownFolder(folder: string): void {
  try {
    openPrivateFolder(folder);
  } catch (error) {
    const isOurs = error instanceof Error && systemCode(error) === undefined;
    throw environment(isOurs ? error.message : `Cannot make "${folder}": ${systemReason(error)}`);
  }
}

function readSealing(path: string): string {
  const text = readFileSync(path, 'utf8').trim();
  if (/^[\w-]{43}(?:,[\w-]{43})*$/.test(text)) return text;
  throw environment(`"${path}" does not hold 32 random bytes as base64url`);
}

// The development keys: made at the first start, kept out of git, readable by their owner alone

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readSigningKey, writeKeyFiles } from '../cli/key_files.ts';
import { privateKeyText } from '../cli/key_text.ts';
import { generateSigningKey, type SigningKey } from '../src/index.ts';
import { root } from './tools.ts';

/** Everything that a development gateway keeps between its starts; .gitignore names it. */
export const developmentFolder: string = join(root, '.dev');

/** The issuers that a development gateway trusts, each with a key of its own. */
export interface DevelopmentKeys {
  /** Of the gateway's address itself, with the full profile. */
  readonly issuer: SigningKey;
  /** Of the issuer `yamtam-engine`, with the profile `engine`. */
  readonly engine: SigningKey;
}

/** Where a key lies. */
export function keyFile(name: keyof DevelopmentKeys): string {
  return join(developmentFolder, 'keys', `${name}.json`);
}

/** Tells whether this folder has started a gateway before. */
export function hasKeys(): boolean {
  return existsSync(keyFile('issuer')) && existsSync(keyFile('engine'));
}

/** Reads the keys, and makes those that are not there yet. */
export async function readKeys(): Promise<DevelopmentKeys> {
  mkdirSync(join(developmentFolder, 'keys'), { recursive: true, mode: 0o700 });
  return { issuer: await readOrMake('issuer'), engine: await readOrMake('engine') };
}

/** Keys that live and die with the process. */
export async function makeKeys(): Promise<DevelopmentKeys> {
  return { issuer: await generateSigningKey(), engine: await generateSigningKey() };
}

async function readOrMake(name: keyof DevelopmentKeys): Promise<SigningKey> {
  const path = keyFile(name);
  if (!existsSync(path)) {
    const content = await privateKeyText(await generateSigningKey(), 'jwk');
    await writeKeyFiles([{ path, content, isPrivate: true }], false);
  }
  return readSigningKey(path, undefined);
}

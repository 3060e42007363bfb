// The development keys: made at the first start, kept out of git, readable by their owner alone

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSigningKey, writeKeyFiles } from '../cli/input/key_files.ts';
import { privateKeyText } from '../cli/output/key_text.ts';
import { generateSigningKey, type SigningKey } from '../src/index.ts';
import { root } from './tools.ts';

/** Everything that a development gateway keeps between its starts; .gitignore names it. */
export const developmentFolder: string = join(root, '.dev');

/** Where the agents of the pasted lines keep their keys. */
export const agentsFolder: string = join(developmentFolder, 'agents');

/** The keys of a development gateway. */
export interface DevelopmentKeys {
  /** Of its first operator. */
  readonly operator: SigningKey;
  /** Of the issuer `yamtam-engine`, with the profile `engine`. */
  readonly engine: SigningKey;
  /** Base64url of 32 bytes: what the authority seals its signing keys with. */
  readonly sealing: string;
}

/** Where a key lies. */
export function keyFile(name: 'operator' | 'engine'): string {
  return join(developmentFolder, 'keys', `${name}.json`);
}

const sealingFile = join(developmentFolder, 'keys', 'sealing');

/** Tells whether this folder has started a gateway before. */
export function hasKeys(): boolean {
  return existsSync(keyFile('operator')) && existsSync(sealingFile);
}

/** Reads the keys, and makes those that are not there yet. */
export async function readKeys(): Promise<DevelopmentKeys> {
  for (const folder of [join(developmentFolder, 'keys'), agentsFolder]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  return {
    operator: await readOrMake('operator'),
    engine: await readOrMake('engine'),
    sealing: await readOrMakeSealing(),
  };
}

/** Keys that live and die with the process. */
export async function makeKeys(): Promise<DevelopmentKeys> {
  return {
    operator: await generateSigningKey(),
    engine: await generateSigningKey(),
    sealing: makeSealing(),
  };
}

function makeSealing(): string {
  return randomBytes(32).toString('base64url');
}

async function readOrMakeSealing(): Promise<string> {
  if (!existsSync(sealingFile)) {
    const content = `${makeSealing()}\n`;
    await writeKeyFiles([{ path: sealingFile, content, isPrivate: true }], false);
  }
  return readFileSync(sealingFile, 'utf8').trim();
}

async function readOrMake(name: 'operator' | 'engine'): Promise<SigningKey> {
  const path = keyFile(name);
  if (!existsSync(path)) {
    const content = await privateKeyText(await generateSigningKey(), 'jwk');
    await writeKeyFiles([{ path, content, isPrivate: true }], false);
  }
  return readSigningKey(path, undefined);
}

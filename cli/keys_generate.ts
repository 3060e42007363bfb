// `swarmgate keys generate`: a signing key pair, the private half in a file for its owner alone

import { Option, type Command } from 'commander';
import { resolve } from 'node:path';
import { generateSigningKey, type SigningAlgorithm, type SigningKey } from '../src/index.ts';
import { examples, signingAlgorithms } from './input/options.ts';
import { usage } from './output/failure.ts';
import { writeKeyFiles, type KeyFile } from './input/key_files.ts';
import { keyFormats, privateKeyText, publicKeyText, type KeyFormat } from './output/key_text.ts';
import { printNote, printResult } from './output/output.ts';

interface GenerateOptions {
  readonly alg: SigningAlgorithm;
  readonly format: KeyFormat;
  readonly out?: string;
  readonly public?: string;
  readonly stdout?: true;
  readonly force?: true;
  readonly json?: true;
}

/** Adds the command. */
export function addKeysGenerate(parent: Command): void {
  parent
    .command('generate')
    .description('make a key pair for signing tokens')
    .addOption(
      new Option('--alg <name>', 'signature algorithm').choices(signingAlgorithms).default('ES256'),
    )
    .option('--out <file>', 'write the private key to this new file (0600)')
    .option('--public <file>', 'write the public key to this new file; without it, print it')
    .addOption(
      new Option('--format <name>', 'JWK, or PEM (PKCS#8 and SPKI)')
        .choices(keyFormats)
        .default('jwk'),
    )
    .option('--stdout', 'print the private key instead of writing it')
    .option('--force', 'overwrite existing files')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        'swarmgate keys generate --out issuer.key.json --public issuer.pub.json',
        'swarmgate keys generate --alg Ed25519 --format pem --out issuer.key.pem',
      ),
    )
    .action(generate);
}

async function generate(options: GenerateOptions): Promise<void> {
  refuseUnclear(options);
  const key = await generateSigningKey(options.alg);
  const privateText = await privateKeyText(key, options.format);
  const publicText = await publicKeyText(key, options.format);
  const files: KeyFile[] = [];
  if (options.public !== undefined) {
    files.push({ path: options.public, content: publicText, isPrivate: false });
  }
  if (options.out !== undefined) {
    files.push({ path: options.out, content: privateText, isPrivate: true });
  }
  await writeKeyFiles(files, options.force === true);
  for (const { path, isPrivate } of files) {
    printNote(`${isPrivate ? 'Private' : 'Public'} key written to ${path}`);
  }
  if (options.json === true) printResult(true, await summary(key, options, privateText), String);
  else if (options.stdout === true) process.stdout.write(privateText);
  else if (options.public === undefined) process.stdout.write(publicText);
}

function refuseUnclear({ out, public: publicFile, stdout }: GenerateOptions): void {
  if (out === undefined && stdout === undefined) {
    throw usage('Say where the private key goes: --out <file>, or --stdout to print it on purpose');
  }
  if (out !== undefined && stdout !== undefined) {
    throw usage('The private key goes to one place: --out <file> or --stdout, not both');
  }
  if (out !== undefined && publicFile !== undefined && resolve(out) === resolve(publicFile)) {
    throw usage('--out and --public must name two files');
  }
}

async function summary(
  key: SigningKey,
  options: GenerateOptions,
  privateText: string,
): Promise<object> {
  const { kid, alg, publicJwk } = key;
  const { out, public: publicFile, stdout } = options;
  return {
    kid,
    alg,
    public_jwk: publicJwk,
    ...(out === undefined ? {} : { private_key_file: out }),
    ...(publicFile === undefined ? {} : { public_key_file: publicFile }),
    ...(stdout === undefined ? {} : { private_key: privateText }),
  };
}

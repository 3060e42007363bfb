// The public keys to verify with: a JWK set by file or address, or one key in a file

import { localKeys, remoteKeys, type KeySource } from '../../src/index.ts';
import { environment, usage } from '../output/failure.ts';
import { parseKeyText, type KeyText } from '../output/key_text.ts';
import { openNamed, readHandle } from './read_capped.ts';

const maxKeyBytes = 65_536;

/** Opens the key source that the options name: exactly one of the two. */
export async function openTrustedKeys(options: {
  readonly jwks?: string;
  readonly key?: string;
}): Promise<KeySource> {
  const { jwks, key } = options;
  if ((jwks === undefined) === (key === undefined)) {
    throw usage('Say which keys to trust: either --jwks <file or URL> or --key <file>');
  }
  if (jwks !== undefined && /^[a-z][a-z0-9+.-]+:\/\//i.test(jwks)) return openRemote(jwks);
  return jwks === undefined ? openFile('--key', key ?? '') : openFile('--jwks', jwks);
}

function openRemote(url: string): KeySource {
  try {
    return remoteKeys(url);
  } catch (error) {
    if (error instanceof TypeError) throw usage(`--jwks: ${error.message}`);
    throw error;
  }
}

async function openFile(option: string, path: string): Promise<KeySource> {
  const handle = await openNamed(option, path);
  try {
    const capped = await readHandle(handle, path, maxKeyBytes);
    if ('tooLarge' in capped) throw environment(`"${path}" is too large to hold keys`);
    return await localKeys(publicOnly(parseKeyText(capped.text, path), path));
  } catch (error) {
    if (error instanceof TypeError) {
      throw environment(`"${path}" holds no usable public key: ${error.message}`);
    }
    throw error;
  } finally {
    await handle.close();
  }
}

/** Says it in the words of a person with two files: the wrong one of the pair is a common mistake. */
function publicOnly(key: KeyText, path: string): Parameters<typeof localKeys>[0] {
  const isPrivate = typeof key === 'string' ? key.includes('PRIVATE KEY') : Object.hasOwn(key, 'd');
  if (isPrivate) {
    throw environment(
      `"${path}" holds a private key: verifying takes the public one, so keep this file where it is`,
    );
  }
  return key;
}

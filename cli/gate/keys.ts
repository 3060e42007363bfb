// The keys of a gate: from the environment, a file, or an address whose last answer is kept on disk

import { readFileSync, statSync } from 'node:fs';
import {
  localKeys,
  parseJson,
  remoteKeys,
  type FetchKeys,
  type KeySource,
} from '../../src/verify/index.ts';
import { GateFault } from './fault.ts';
import { keep, readKept } from './folder.ts';
import type { GateSettings, KeyPlace } from './settings.ts';

const maxKeyBytes = 65_536;
/** Seconds: for so long a key set on disk is used without asking. */
const freshFor = 60;
/** Seconds between two questions for a key that the set on disk does not have. */
const cooldown = 10;
/** Milliseconds; below the patience of the key source, so that the last answer can stand in. */
const patience = 2000;

/** Opens the keys of one issuer. `kid` is the one that a token names, where just one token is judged. */
export async function openGateKeys(
  place: KeyPlace,
  settings: GateSettings,
  kid: string | undefined,
): Promise<KeySource> {
  try {
    if (place.kind === 'url') {
      const cached = cachedFetch(place.url, settings, kid);
      const limits = { maxAge: freshFor, staleLimit: freshFor, cooldown };
      return remoteKeys(place.url, { ...limits, fetch: cached });
    }
    if (place.kind === 'pem') return await localKeys(tidyPem(place.pem));
    const text = readKeyFile(place);
    return await localKeys(text.startsWith('{') ? (parseJson(text) as object) : text);
  } catch (error) {
    if (error instanceof GateFault) throw error;
    const name = place.kind === 'pem' ? 'YAMTAM_AGENT_PUBKEY' : 'The trusted key';
    const reason = error instanceof TypeError ? error.message : 'it is neither PEM nor JSON';
    throw new GateFault('key_unusable', `${name} is not usable: ${reason}`);
  }
}

function readKeyFile({ option, path }: Extract<KeyPlace, { kind: 'file' }>): string {
  try {
    if (statSync(path).size > maxKeyBytes) throw new Error('too large');
    return readFileSync(path, 'utf8').trim();
  } catch {
    throw new GateFault('key_unavailable', `The file that ${option} names cannot be read`);
  }
}

// jose's importSPKI, which scripts used before, takes a PEM in one line too, as .env files have them
const wrapped = /^\s*-----BEGIN PUBLIC KEY-----([\s\S]*)-----END PUBLIC KEY-----\s*$/;

function tidyPem(pem: string): string {
  const [, body] = wrapped.exec(pem.replaceAll('\\n', '\n')) ?? [];
  if (body === undefined) return pem;
  const lines = body.replace(/\s/g, '').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n');
}

interface KeptKeys {
  readonly url: string;
  /** When it was asked for, and when somebody asked last, in seconds. */
  readonly at: number;
  readonly asked: number;
  readonly body: string;
}

function readKeptKeys(url: string, { folder }: GateSettings): KeptKeys | undefined {
  try {
    const text = readKept(folder, keptName(url), 2 * maxKeyBytes);
    const kept = JSON.parse(text ?? 'null') as KeptKeys | null;
    const isWhole = typeof kept?.at === 'number' && typeof kept.body === 'string';
    return isWhole && kept.url === url ? kept : undefined;
  } catch {
    return undefined;
  }
}

const keptName = (url: string): string =>
  `keys-${Buffer.from(url).toString('base64url').slice(-40)}.json`;

/** A fetch whose answer outlives the process, and stands in while the address does not answer. */
function cachedFetch(url: string, settings: GateSettings, kid: string | undefined): FetchKeys {
  return async (address, init) => {
    const now = Date.now() / 1000;
    const kept = readKeptKeys(url, settings);
    const age = kept === undefined ? Infinity : now - kept.at;
    // A clock that was set back tells no age
    const isKnown = age >= 0 && age + freshFor <= settings.keysAge;
    if (kept !== undefined && isKnown) {
      const hasKey = kid === undefined || kept.body.includes(JSON.stringify(kid));
      const wasAsked = now >= kept.asked && now - kept.asked < cooldown;
      if (wasAsked || (age < freshFor && hasKey)) return answer(kept.body);
    }
    try {
      const body = await ask(address, init);
      keep(settings.folder, keptName(url), JSON.stringify({ url, at: now, asked: now, body }));
      return answer(body);
    } catch (error) {
      if (kept !== undefined && isKnown) return standIn(kept, settings, now);
      throw error;
    }
  };
}

/** Asks the address. What is no key set must not take the place of the last one. */
async function ask(address: string, init: RequestInit): Promise<string> {
  const limits = [AbortSignal.timeout(patience), ...(init.signal ? [init.signal] : [])];
  const response = await fetch(address, { ...init, signal: AbortSignal.any(limits) });
  const body = (await readCapped(response)).toString('utf8');
  const isKeySet = Array.isArray((JSON.parse(body) as { keys?: unknown } | null)?.keys);
  if (response.status !== 200 || response.redirected || !isKeySet) {
    throw new Error('The address does not answer with a key set');
  }
  return body;
}

/** The last answer; that it was asked for is noted, so that not every call waits for the network. */
function standIn(kept: KeptKeys, { folder }: GateSettings, now: number): Response {
  keep(folder, keptName(kept.url), JSON.stringify({ ...kept, asked: now }));
  return answer(kept.body);
}

const answer = (body: string): Response =>
  new Response(body, {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' },
  });

async function readCapped({ body }: Response): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxKeyBytes) throw new Error('The key set is too large');
  }
  return Buffer.concat(chunks);
}

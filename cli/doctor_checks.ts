// What doctor looks at: each check asks one thing and never throws

import { localKeys, parseJson } from '../src/index.ts';
import { CommandFailure, systemReason } from './output/failure.ts';
import { checkGate } from './doctor_gate.ts';
import { ok, warning, wrong, type Finding } from './output/finding.ts';
import { readSigningKey } from './input/key_files.ts';

interface Subject {
  readonly url: string;
  readonly key: string | undefined;
}

const patience = 5000;
const maxBytes = 5 * 1024 * 1024;
/** Seconds that proofs and assertions may be off (RFC 9449 section 11.1); what verifiers tolerate. */
const tolerance = 5;

type Check = () => Promise<readonly Finding[]>;

/** The checks, in the order in which they make sense. */
export function doctorChecks(subject: Subject): readonly Check[] {
  return [
    checkNode,
    () => checkKey(subject),
    () => checkGateway(subject),
    () => checkClock(subject),
    () => checkKeySet(subject),
    () => checkRevocations(subject),
    checkGate,
  ];
}

async function checkNode(): Promise<readonly Finding[]> {
  const { node } = process.versions;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return [ok('node', node)];
  return [wrong('node', node, 'Install Node 20.19 or newer')];
}

async function checkKey({ key }: Subject): Promise<readonly Finding[]> {
  const { SWARMGATE_KEY: fallback = '' } = process.env;
  const path = key ?? fallback;
  if (path === '') {
    return [
      warning(
        'key',
        'none is named',
        'Pass --key, or set SWARMGATE_KEY to the name of the file with your private key',
      ),
    ];
  }
  try {
    const { kid, alg } = await readSigningKey(path, undefined);
    return [ok('key', `"${path}" is readable by you alone: ${alg}, ${kid}`)];
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const [found = '', advice = 'Name another file, or make a key with: swarmgate keys generate'] =
      error.message.split('\n');
    return [wrong('key', found, advice)];
  }
}

/** One question, up to a size and a time. */
async function ask(url: string): Promise<{ readonly response: Response; readonly text: string }> {
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(patience) });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) throw new Error('The answer is too large');
  }
  return { response, text: Buffer.concat(chunks).toString('utf8') };
}

function faultOf(error: unknown): string {
  if (error instanceof DOMException) return 'no answer in time';
  if (error instanceof TypeError) return systemReason(error.cause);
  return error instanceof Error ? error.message : 'it failed';
}

async function checkGateway({ url }: Subject): Promise<readonly Finding[]> {
  const sentAt = Date.now();
  try {
    const { response, text } = await ask(`${url}/health`);
    const took = Date.now() - sentAt;
    const isHealthy = response.ok && /"status"\s*:\s*"ok"/.test(text);
    const health = isHealthy
      ? ok('gateway', `${url} answers in ${took} ms`)
      : wrong(
          'gateway',
          `${url} answers with ${response.status}`,
          'Look at its log: its configuration is refused, or something else listens there',
        );
    return [health];
  } catch (error) {
    return [
      wrong(
        'gateway',
        `${url}: ${faultOf(error)}`,
        'Start it (npm start, swarmgate dev), or name another with --url or SWARMGATE_URL',
      ),
    ];
  }
}

/** What the authority says that the time is, in milliseconds, and how exactly it says so. */
interface ToldTime {
  readonly at: number;
  /** It was said after this moment here, and before the second one. */
  readonly from: number;
  readonly to: number;
}

async function askTime({ url }: Subject): Promise<ToldTime | undefined> {
  const from = Date.now();
  const { response, text } = await ask(`${url}/revocations?after=0`);
  const to = Date.now();
  const header = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(header)) return { at: header, from, to };
  // workerd itself writes no Date; the feed says when it was made
  const { as_of: asOf } = parseJson(text) as { as_of?: unknown };
  return typeof asOf === 'number' ? { at: Math.floor(asOf) * 1000, from, to } : undefined;
}

async function checkClock(subject: Subject): Promise<readonly Finding[]> {
  const told = await askTime(subject).catch(() => undefined);
  if (told === undefined) {
    const advice = 'Compare your clock with another source, for instance with: timedatectl';
    return [warning('clock', 'the gateway tells no time', advice)];
  }
  // It is in whole seconds: the moment was anywhere in that one
  const early = told.at - told.to;
  const late = told.at + 1000 - told.from;
  const off = early > 0 ? early / 1000 : late < 0 ? late / 1000 : 0;
  if (off === 0) return [ok('clock', "agrees with the authority's")];
  const words = `${Math.abs(off).toFixed(1)} s ${off > 0 ? 'behind' : 'ahead of'} the authority's`;
  const advice =
    'Set it, for instance with: timedatectl set-ntp true. What you make now may be refused';
  return [(Math.abs(off) <= tolerance ? warning : wrong)('clock', words, advice)];
}

async function checkKeySet({ url }: Subject): Promise<readonly Finding[]> {
  const address = `${url}/.well-known/jwks.json`;
  try {
    const { response, text } = await ask(address);
    if (!response.ok) {
      return [
        wrong(
          'key set',
          `${address} answers with ${response.status}`,
          'The gateway is no authority: set KEY_ENCRYPTION_KEY there, or ask the one that is',
        ),
      ];
    }
    const set = parseJson(text) as { readonly keys: readonly [] };
    await localKeys(set);
    return [ok('key set', `${set.keys.length} usable`)];
  } catch (error) {
    return [wrong('key set', faultOf(error), 'Verifiers cannot use it: see "swarmgate keys list"')];
  }
}

async function checkRevocations({ url }: Subject): Promise<readonly Finding[]> {
  const began = Date.now();
  try {
    const { response, text } = await ask(`${url}/revocations?after=0`);
    if (!response.ok) {
      return [
        wrong(
          'revocations',
          `the feed answers with ${response.status}`,
          'Until it does, verifiers that follow it refuse everybody: look at the log of the gateway',
        ),
      ];
    }
    const { as_of: asOf, seq } = parseJson(text) as { as_of?: unknown; seq?: unknown };
    const age = typeof asOf === 'number' ? began / 1000 - asOf : Number.NaN;
    if (!(age < 60)) {
      return [
        wrong(
          'revocations',
          `the feed is from ${Math.round(age)} s ago`,
          'Something between you and the gateway keeps old answers, or a clock is off: it must not be cached',
        ),
      ];
    }
    return [ok('revocations', `fresh, record ${String(seq)}`)];
  } catch (error) {
    return [
      wrong(
        'revocations',
        faultOf(error),
        'Until it answers, verifiers that follow it refuse everybody',
      ),
    ];
  }
}

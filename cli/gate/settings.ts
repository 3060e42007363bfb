// What a gate is told, by options and environment: whose tokens, which keys, what is revoked, how old that may be

import { resolve } from 'node:path';
import { usage } from '../output/failure.ts';
import { gateFolder, type Environment } from './folder.ts';
import { gateOptions, settingVariables } from './options.ts';

/** Options as they were given: texts, lists of texts, switches. */
export type GivenOptions = Readonly<
  Record<string, string | boolean | readonly string[] | undefined>
>;

/** Where keys come from. */
export type KeyPlace =
  | { readonly kind: 'pem'; readonly pem: string }
  | { readonly kind: 'file'; readonly option: '--key' | '--jwks'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string };

/** One issuer, and where its keys are. */
export interface GateIssuer {
  readonly issuer: string;
  readonly profile: 'at+jwt' | 'engine';
  readonly place: KeyPlace;
}

/** What a gate judges by. */
export interface GateSettings {
  /** Empty where no key is configured: then everything is blocked. */
  readonly issuers: readonly GateIssuer[];
  readonly audience: readonly string[] | undefined;
  readonly algorithms: readonly string[] | undefined;
  readonly tiers: readonly string[] | undefined;
  readonly revocations: string | undefined;
  /** Seconds. */
  readonly revocationAge: number;
  /** Seconds. */
  readonly keysAge: number;
  readonly folder: string;
}

const engine = 'yamtam-engine';
const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
const words = (text: string): readonly string[] => text.split(',').map((word) => word.trim());

/** Puts options before variables. An option or variable that is empty counts as not given. */
export function readGateSettings(given: GivenOptions, environment: Environment): GateSettings {
  const single = (name: string): string | undefined => {
    const { variable = '' } = gateOptions.find((option) => option.name === name) ?? {};
    const option = given[name];
    const value = typeof option === 'string' ? option : environment[variable];
    return value === '' ? undefined : value;
  };
  const list = (name: string): readonly string[] | undefined => {
    const option = given[name];
    if (Array.isArray(option)) return option as readonly string[];
    const value = single(name);
    return value === undefined ? undefined : words(value);
  };
  const url = single('url');
  const issuers = readIssuers(given, environment, single);
  const own = issuers.some(({ place }) => place.kind === 'url' && place.url === jwksOf(url ?? ''));
  const revocations =
    single('revocations') ?? (own ? `${originOf(url ?? '')}/revocations` : 'none');
  return {
    issuers,
    audience: list('audience'),
    algorithms: list('algorithms'),
    tiers: list('tiers'),
    revocations: revocations === 'none' ? undefined : revocations,
    revocationAge: readTime('revocation-age', single('revocation-age') ?? '60s', 1, 86_400),
    keysAge: readTime('keys-age', single('keys-age') ?? '24h', 120, 604_800),
    folder: gateFolder(single('dir'), environment),
  };
}

function readIssuers(
  given: GivenOptions,
  environment: Environment,
  single: (name: string) => string | undefined,
): readonly GateIssuer[] {
  const { issuer = engine, profile = issuer === engine ? 'engine' : 'at+jwt' } = {
    ...defined('issuer', single('issuer')),
    ...defined('profile', single('profile')),
  };
  if (profile !== 'engine' && profile !== 'at+jwt') {
    throw usage('--profile must be "at+jwt" or "engine"');
  }
  const { key } = given;
  if (typeof key === 'string' && given['jwks'] !== undefined) {
    throw usage('Say which keys to trust: either --jwks or --key');
  }
  const pem = environment['YAMTAM_AGENT_PUBKEY'] ?? '';
  // What a command line names replaces what the environment does, where keys are concerned
  const fromEnvironment = key === undefined && given['jwks'] === undefined;
  const jwks = typeof key === 'string' ? undefined : single('jwks');
  const found: GateIssuer[] = [];
  if (fromEnvironment && pem !== '') {
    found.push({ issuer: engine, profile: 'engine', place: { kind: 'pem', pem } });
  }
  if (typeof key === 'string') found.push({ issuer, profile, place: fileAt('--key', key) });
  if (jwks !== undefined) {
    const place = isUrl(jwks) ? ({ kind: 'url', url: jwks } as const) : fileAt('--jwks', jwks);
    found.push({ issuer, profile, place });
  }
  const url = single('url');
  if (found.length > 0 || url === undefined) return found;
  const origin = originOf(url);
  const name = single('issuer') ?? origin;
  return [{ issuer: name, profile: 'at+jwt', place: { kind: 'url', url: jwksOf(url) } }];
}

const fileAt = (option: '--key' | '--jwks', path: string): KeyPlace => ({
  kind: 'file',
  option,
  path: path === '' ? path : resolve(path),
});

function defined<Name extends string>(
  name: Name,
  value: string | undefined,
): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url);
const jwksOf = (url: string): string => `${originOf(url)}/.well-known/jwks.json`;

function readTime(option: string, text: string, min: number, max: number): number {
  const [, digits = '', unit = 's'] = /^(\d{1,6})([smhd])?$/.exec(text) ?? [];
  const seconds = digits === '' ? Number.NaN : Number(digits) * (units[unit] ?? 1);
  if (seconds >= min && seconds <= max) return seconds;
  throw usage(`--${option} must be a time from ${min}s to ${max}s, such as 90s, 15m or 1h`);
}

/** What scripts compare with their own environment, before they take a server's answer for theirs. */
export function comparable(
  given: GivenOptions,
  environment: Environment,
): ReadonlyMap<string, string> {
  const replacesPem = given['key'] !== undefined || given['jwks'] !== undefined;
  return new Map(
    settingVariables.flatMap((variable) => {
      const name = gateOptions.find((option) => option.variable === variable)?.name ?? '';
      const option = given[name];
      const said = Array.isArray(option) ? option.join(',') : option;
      const hidden = replacesPem && /^(?:YAMTAM_AGENT_PUBKEY|SWARMGATE_JWKS)$/.test(variable);
      const value = typeof said === 'string' ? said : hidden ? '' : (environment[variable] ?? '');
      return value === '' ? [] : [[variable, value] as const];
    }),
  );
}

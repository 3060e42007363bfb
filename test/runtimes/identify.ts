// Which runtime this is, told by what it says of itself

/** The runtimes that the contract runs in. */
export type RuntimeName =
  | 'node'
  | 'bun'
  | 'deno'
  | 'workerd'
  | 'edge-runtime'
  | 'chromium'
  | 'firefox'
  | 'webkit';

/** A runtime, its version, and where in it the code runs. */
export interface Runtime {
  readonly name: RuntimeName;
  /** As it tells it; `undefined` where it does not. */
  readonly version: string | undefined;
}

interface Globals {
  readonly navigator?: { readonly userAgent?: string };
  readonly process?: { readonly versions?: { readonly node?: string } };
  readonly Bun?: { readonly version: string };
  readonly Deno?: { readonly version: { readonly deno: string } };
  readonly EdgeRuntime?: string;
}

const browsers: readonly (readonly [RuntimeName, RegExp])[] = [
  ['chromium', /Chrom(?:e|ium)\/([\d.]+)/],
  ['firefox', /Firefox\/([\d.]+)/],
  ['webkit', /Version\/([\d.]+).*Safari\//],
];

/** Looks at globals that only the runtime in question has; several call themselves Node too. */
export function identifyRuntime(globals: Globals = globalThis): Runtime {
  const { Bun, Deno, EdgeRuntime, process, navigator } = globals;
  const userAgent = navigator?.userAgent ?? '';
  if (Bun !== undefined) return { name: 'bun', version: Bun.version };
  if (Deno !== undefined) return { name: 'deno', version: Deno.version.deno };
  if (EdgeRuntime !== undefined) return { name: 'edge-runtime', version: undefined };
  if (userAgent === 'Cloudflare-Workers') return { name: 'workerd', version: undefined };
  for (const [name, pattern] of browsers) {
    const [, version] = pattern.exec(userAgent) ?? [];
    if (version !== undefined) return { name, version };
  }
  const version = process?.versions?.node;
  if (version !== undefined) return { name: 'node', version };
  throw new Error(`This runtime is not known: ${userAgent}`);
}

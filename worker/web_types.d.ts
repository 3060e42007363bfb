// Web API types that the library uses and the Workers types spell differently.

interface EcKeyImportParams {
  name: string;
  namedCurve: string;
}

interface RsaHashedImportParams {
  name: string;
  hash: string;
}

declare function clearTimeout(timeoutId: number | undefined): void;

// Web API types that the library uses and the Workers types spell differently.

interface EcKeyGenParams {
  name: string;
  namedCurve: string;
}

interface RsaHashedKeyGenParams {
  name: string;
  modulusLength: number;
  publicExponent: Uint8Array;
  hash: string;
}

declare function clearTimeout(timeoutId: number | undefined): void;

// Addresses that tokens, proofs and assertions may go to: https, or http on a loopback host.

const loopback = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** Reads an address; `undefined` for one that is not secure, or has credentials or a fragment. */
export function readEndpoint(value: unknown): URL | undefined {
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { protocol, hostname, username, password } = url;
  if (protocol !== 'https:' && !(protocol === 'http:' && loopback.test(hostname))) return undefined;
  // A lone `#` is a fragment too, which `hash` does not show
  return username !== '' || password !== '' || text.includes('#') ? undefined : url;
}

/**
 * Reads an address that the caller passes.
 *
 * @throws TypeError that names the option
 */
export function endpointOption(name: string, value: unknown): URL {
  const url = readEndpoint(value);
  if (url === undefined) {
    throw new TypeError(
      `"${name}" must be an https URL (http only on a loopback host) without credentials and fragment`,
    );
  }
  return url;
}

// Form bodies of the OAuth endpoints (RFC 6749 section 3.2): read up to a cap, each parameter once.

import { readCapped } from '../../read_capped.ts';
import type { ClientRefusal } from './oauth_error.ts';

/** A form. Empty parameters are left out (RFC 6749 section 3.1). */
export type Form = ReadonlyMap<string, string>;

const maxBytes = 16_384;
const contentType = /^application\/x-www-form-urlencoded *(?:; *charset="?utf-8"? *)?$/i;
const malformed: ClientRefusal = { refused: 'invalid_request' };
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// RFC 8707 section 2 and RFC 8693 section 2.1: these may stand more than once. Several are joined by a
// space, which no target contains: they then name none of ours.
const lists: ReadonlySet<string> = new Set(['resource', 'audience']);

/**
 * Reads a form. JSON, a body over 16 KiB, a repeated parameter, a parameter in the URL, and bytes
 * or escapes that are not UTF-8 make a malformed request.
 */
export async function readForm(request: Request): Promise<Form | ClientRefusal> {
  if (!contentType.test(request.headers.get('content-type') ?? '')) return malformed;
  if (new URL(request.url).search !== '') return malformed;
  try {
    return parse(decoder.decode(await readCapped(request.body, maxBytes)));
  } catch {
    return malformed;
  }
}

function parse(text: string): Form | ClientRefusal {
  const form = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(text)) {
    // What an escape that is no UTF-8 becomes
    if (`${name}${value}`.includes('\ufffd')) return malformed;
    if (seen.has(name) && !lists.has(name)) return malformed;
    seen.add(name);
    const before = form.get(name);
    if (value !== '') form.set(name, before === undefined ? value : `${before} ${value}`);
  }
  return form;
}

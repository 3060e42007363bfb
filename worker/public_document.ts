// Public documents: JSON that everybody may read and keep for a while, with an ETag.

const encoder = new TextEncoder();

async function tagOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)), 0, 16);
  return `"${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}"`;
}

/** Whether the asker has this very version (RFC 9110 section 13.1.2: weak comparison). */
function has(request: Request, tag: string): boolean {
  const known = request.headers.get('if-none-match') ?? '';
  return known
    .split(',')
    .map((entry) => entry.trim().replace(/^W\//, ''))
    .some((entry) => entry === tag || entry === '*');
}

/** Answers with a document, or with 304 to who has it. `maxAge` is in seconds. */
export async function publicDocument(
  request: Request,
  document: object,
  maxAge: number,
): Promise<Response> {
  const text = JSON.stringify(document);
  const tag = await tagOf(text);
  const headers = {
    'Cache-Control': `public, max-age=${maxAge}`,
    ETag: tag,
    'X-Content-Type-Options': 'nosniff',
  };
  if (has(request, tag)) return new Response(null, { status: 304, headers });
  return new Response(text, { headers: { ...headers, 'Content-Type': 'application/json' } });
}

// The claims of most tokens, read at one stroke: in the very layout that this library's issuer writes.

// A text without escapes and beyond ASCII nothing: what stands there is what it means
const text = String.raw`"([ !#-[\]-~]*)"`;
const integer = String.raw`([1-9]\d{0,14})`;
const layout: RegExp = new RegExp(
  String.raw`^\{"iss":${text},"aud":${text},"sub":${text},"client_id":${text},` +
    String.raw`"iat":${integer},"exp":${integer},"jti":${text}(?:,"sid":${text})?,"tier":${text}` +
    String.raw`(?:,"scope":${text})?(?:,"cnf":\{"jkt":${text}\})?(?:,"dlg_max":([1-9]))?` +
    String.raw`(?:,"status":\{"status_list":\{"idx":${integer},"uri":${text}\}\})?\}$`,
);

/**
 * The claims of a text in that layout, as `parseJson` reads them; `undefined` says nothing about a
 * text. Each name stands in it once.
 */
export function readPlainClaims(json: string): Record<string, unknown> | undefined {
  const found = layout.exec(json);
  if (found === null) return undefined;
  const claims: Record<string, unknown> = {
    iss: found[1],
    aud: found[2],
    sub: found[3],
    client_id: found[4],
    iat: Number(found[5]),
    exp: Number(found[6]),
    jti: found[7],
  };
  if (found[8] !== undefined) claims['sid'] = found[8];
  claims['tier'] = found[9];
  if (found[10] !== undefined) claims['scope'] = found[10];
  if (found[11] !== undefined) claims['cnf'] = { jkt: found[11] };
  if (found[12] !== undefined) claims['dlg_max'] = Number(found[12]);
  if (found[13] !== undefined) {
    claims['status'] = { status_list: { idx: Number(found[13]), uri: found[14] } };
  }
  return claims;
}

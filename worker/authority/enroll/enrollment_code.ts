// One-time codes: the enrolment's id, a dot, and 256 random bits; kept as a hash alone.

const idBytes = 12;
const secretBytes = 32;
const form = /^([\w-]{16})\.[\w-]{43}$/;
const encoder = new TextEncoder();

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

const random = (length: number): string =>
  base64url(crypto.getRandomValues(new Uint8Array(length)));

/** A code, with the id that it begins with. */
export interface EnrollmentCode {
  readonly id: string;
  readonly code: string;
}

/** Makes a code. Its id is an argument of commands: with a dash first it would read as an option. */
export function makeCode(): EnrollmentCode {
  let id = random(idBytes);
  while (id.startsWith('-')) id = random(idBytes);
  return { id, code: `${id}.${random(secretBytes)}` };
}

/** The enrolment that a code is for; `undefined` for what cannot be a code. */
export function enrollmentOf(code: string): string | undefined {
  return form.exec(code)?.[1];
}

/** SHA-256 of a whole code: it is long and random, so that nothing slower is needed. */
export async function hashCode(code: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(code))));
}

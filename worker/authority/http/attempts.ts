// Who attempts something: the address that a request comes from.

/** The address that a request comes from, as the platform says; empty where it says none. */
export function addressOf({ headers }: Request): string {
  return headers.get('cf-connecting-ip') ?? '';
}

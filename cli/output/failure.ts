// CommandFailure: why a command stops, with its code, its exit code, and what to do about it

/** The documented exit codes. */
export const exitCodes = { ok: 0, refused: 1, usage: 2, environment: 3 } as const;

/** A command that stops on purpose. The message is for people and holds no token and no key. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  /** A code of the library's table, or `usage`, or `environment`. */
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, exitCode: number, message: string) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** The command line itself is wrong. */
export function usage(message: string): CommandFailure {
  return new CommandFailure('usage', exitCodes.usage, message);
}

/** A file, its permissions, or the network is not as the command needs it. */
export function environment(message: string): CommandFailure {
  return new CommandFailure('environment', exitCodes.environment, message);
}

/** The `code` of a system error such as ENOENT, or `undefined`. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was closed',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
};

/** The reason of a system error in words; never its message, which may hold more than it should. */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  return code === undefined ? 'it failed for an unknown reason' : (reasons[code] ?? code);
}

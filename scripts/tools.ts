// Finds the tools of node_modules by their packages, so that each runs on this very Node

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository's root folder. */
export const root = join(import.meta.dirname, '..');

/** The JavaScript file behind a package's command. */
export function toolPath(packageName: string, command = packageName): string {
  const folder = join(root, 'node_modules', packageName);
  const { bin } = readJson<{ bin: string | Record<string, string> }>(join(folder, 'package.json'));
  const file = typeof bin === 'string' ? bin : bin[command];
  if (file === undefined) throw new Error(`Package "${packageName}" has no command "${command}"`);
  return join(folder, file);
}

/** Reads a JSON file that a tool has written, in the shape that the caller knows it to have. */
export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

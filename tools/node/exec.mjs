#!/usr/bin/env node
// `exec` for cmd.exe, which has none: runs the command that follows. A POSIX shell uses its own, and
// so gives npm's child its place: signals to npm reach the script, and nothing is left behind

import { spawnSync } from 'node:child_process';

const [command = '', ...args] = process.argv.slice(2);
const path = command === 'node' ? process.execPath : command;
process.exitCode = spawnSync(path, args, { stdio: 'inherit' }).status ?? 1;

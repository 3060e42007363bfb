// The gate of shell scripts against the one-liner that it replaces, by hyperfine in one run; and verify_agent_token

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { machine } from './support/interleave.ts';

const quick = process.argv.includes('--quick');
const root = join(import.meta.dirname, '..');
const main = join(root, 'dist/cli/main.js');
const script = join(root, 'dist/cli/gate.sh');
const runs = quick ? 8 : 30;
const rounds = quick ? 1 : 3;
/** Milliseconds for one call of verify_agent_token while a server runs. */
const limit = 10;
const calls = 200;

if (spawnSync('hyperfine', ['--version']).status !== 0) {
  console.error('hyperfine is missing: install it, for instance with apt-get install hyperfine');
  process.exit(1);
}

const { privateKey, publicKey } = await generateKeyPair('ES256');
const token = await new SignJWT({ sub: 'planner', tier: 'power', scope: ['tool:exec'] })
  .setProtectedHeader({ alg: 'ES256' })
  .setIssuedAt()
  .setIssuer('yamtam-engine')
  .setAudience('swarm-bus')
  .setExpirationTime('15m')
  .sign(privateKey);
const folder = mkdtempSync(join(tmpdir(), 'swarmgate-bench-'));
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
  YAMTAM_AGENT_PUBKEY: await exportSPKI(publicKey),
  SWARMGATE_TOKEN: token,
  SWARMGATE_GATE_DIR: join(folder, 'gate'),
};

// As it stood in tool proxies: the token pasted into the program's text
const oneLiner = `const {jwtVerify,importSPKI}=require('jose');(async()=>{const k=await importSPKI(process.env.YAMTAM_AGENT_PUBKEY,'ES256');const {payload}=await jwtVerify('${token}',k,{issuer:'yamtam-engine',audience:'swarm-bus'});console.log('[gate] agent '+payload.sub+' authorized')})().catch(e=>{console.error('[gate] BLOCKED: invalid token — '+e.code);process.exit(1)})`;
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

interface Times {
  readonly results: readonly { readonly median: number }[];
}

/** Medians of several commands, in milliseconds. */
function measure(commands: readonly string[]): readonly number[] {
  const file = join(folder, 'times.json');
  const options = ['-N', '--warmup', '3', '--runs', String(runs), '--export-json', file];
  execFileSync('hyperfine', [...options, '--style', 'none', ...commands], { cwd: root, env });
  const { results } = JSON.parse(readFileSync(file, 'utf8')) as Times;
  return results.map(({ median }) => median * 1000);
}

const middle = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

/** One call in a script that makes many, in milliseconds. */
function perCall(shell: string): number {
  const loop = `. ${script}; i=0; while [ $i -lt ${calls} ]; do verify_agent_token "$SWARMGATE_TOKEN" >/dev/null || exit 9; i=$((i+1)); done`;
  const began = performance.now();
  const only = { ...env, SWARMGATE_COMMAND: '/bin/false' };
  const { status } = spawnSync(shell, ['-c', loop], { env: only });
  if (status !== 0)
    throw new Error(`verify_agent_token was not answered by the server in ${shell}`);
  return (performance.now() - began) / calls;
}

let good = true;
function show(what: string, value: string, isGood: boolean): void {
  good &&= isGood;
  console.log(`  ${isGood ? 'ok    ' : 'SLOW  '} ${what.padEnd(58)} ${value}`);
}

console.log(`The gate of shell scripts, ${machine()}\n`);
const server = spawn(process.execPath, [main, 'gate', '--serve'], {
  env,
  stdio: ['ignore', 'ignore', 'pipe'],
});
try {
  await new Promise<void>((resolve, reject) => {
    server.stderr.on('data', (bytes: Buffer) => {
      if (/^ready /m.test(bytes.toString())) resolve();
    });
    server.once('close', () => reject(new Error('The server ended')));
  });
  const commands = [
    `node -e ${quoted(oneLiner)}`,
    `${main} gate`,
    `dash -c ${quoted(`. ${script}; verify_agent_token "$SWARMGATE_TOKEN"`)}`,
    `bash -c ${quoted(`. ${script}; verify_agent_token "$SWARMGATE_TOKEN"`)}`,
  ];
  const all = Array.from({ length: rounds }, () => measure(commands));
  const [byHand = 0, gate = 0, dash = 0, bash = 0] = commands.map((_, at) =>
    middle(all.map((times) => times[at] ?? Number.NaN)),
  );
  const ratio = middle(all.map(([before = 1, after = 1]) => after / before));
  console.log(`  node -e "require('jose')…" by hand: ${byHand.toFixed(1)} ms\n`);
  show(
    'swarmgate gate, against it: at most 1.00 ×',
    `${ratio.toFixed(2)} × (${gate.toFixed(1)} ms)`,
    ratio <= 1,
  );
  for (const [shell, whole] of [
    ['dash', dash],
    ['bash', bash],
  ] as const) {
    const call = middle([perCall(shell), perCall(shell), perCall(shell)]);
    show(
      `verify_agent_token in ${shell}, a call: at most ${limit} ms`,
      `${call.toFixed(1)} ms`,
      call <= limit,
    );
    show(`the same with a ${shell} started for it`, `${whole.toFixed(1)} ms`, whole <= limit);
  }
} finally {
  server.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = good ? 0 : 1;

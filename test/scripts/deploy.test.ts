// `wrangler deploy --dry-run`, as docs/operations.md has it: each Worker builds, has its bindings, and is small

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { root, toolPath } from '../../scripts/tools.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'swarmgate-deploy-'));
// The command stops without it; the build fills it
mkdirSync(join(root, 'dist', 'dashboard'), { recursive: true });

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Deployed {
  readonly output: string;
  /** All modules that would be uploaded. */
  readonly script: string;
}

async function deploy(name: string, ...args: readonly string[]): Promise<Deployed> {
  const out = join(folder, name);
  const options = ['--dry-run', '--minify', '--outdir', out];
  const { stdout, stderr } = await run(
    process.execPath,
    [toolPath('wrangler'), 'deploy', ...args, ...options],
    {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        WRANGLER_SEND_METRICS: 'false',
        WRANGLER_HIDE_BANNER: 'true',
        CLOUDFLARE_CF_FETCH_ENABLED: 'false',
        // Nothing of an account, and nowhere to go to
        https_proxy: 'http://127.0.0.1:9',
        NO_COLOR: '1',
      },
    },
  );
  const modules = readdirSync(out).filter((file) => file.endsWith('.js'));
  const script = modules.map((file) => readFileSync(join(out, file), 'utf8')).join('\n');
  return { output: stdout + stderr, script };
}

const kilobytes = (text: string): number => gzipSync(text).length / 1000;

test('the gateway: all of its objects are bound, and it is under 150 kB', async () => {
  const { output, script } = await deploy('gateway');
  for (const name of ['AGENT', 'MAILBOX', 'KEY_RING', 'REVOCATION_LOG', 'AUDIT_LOG', 'NATS_LINK']) {
    expect(output).toContain(`env.${name}`);
  }
  expect(kilobytes(script)).toBeLessThan(150);
  expect(script).not.toContain('Nats-Msg-Id');
});

test('the gateway with NATS: the same bindings, and the client in it', async () => {
  const { output, script } = await deploy('nats', 'worker/nats.ts');
  expect(output).toContain('env.NATS_LINK');
  expect(script).toContain('Nats-Msg-Id');
  expect(kilobytes(script)).toBeLessThan(200);
});

test('the bus alone', async () => {
  const { output, script } = await deploy('bus', '--config', 'wrangler.bus.toml');
  expect(output).toContain('env.MAILBOX');
  expect(output).not.toContain('env.KEY_RING');
  expect(kilobytes(script)).toBeLessThan(120);
});

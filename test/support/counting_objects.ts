// Object classes that log each time one is made, and each question to an agent's: for tests that count

import { build } from 'esbuild';
import type { RunningGateway } from './gateway.ts';

const counted = ['Agent', 'Directory', 'KeyRing', 'Mailbox', 'Outbox', 'StatusLists'] as const;
const questions = ['admitRequest', 'reserve', 'commit', 'release', 'settle', 'useOnce'] as const;

/** The gateway's own classes, which also say when they are made and called. */
export async function countingObjects(): Promise<string> {
  const contents = `
    import * as objects from './worker/index.ts';
    export * from './worker/index.ts';
    ${counted
      .map(
        (name) => `export class ${name} extends objects.${name} {
          constructor(ctx, env) {
            super(ctx, env);
            console.log('object made: ${name}');
          }
        }`,
      )
      .join('\n')}
    for (const name of ${JSON.stringify(questions)}) {
      const own = objects.Agent.prototype[name];
      Agent.prototype[name] = function (...args) {
        console.log('agent asked: ' + name);
        return own.apply(this, args);
      };
    }
    export default { fetch: () => new Response(null, { status: 404 }) };
  `;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL('../../', import.meta.url).pathname, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** The lines that {@link countingObjects} have logged since some place in the log. */
export function linesSince({ logs }: Pick<RunningGateway, 'logs'>, place: number): string[] {
  return logs()
    .slice(place)
    .split('\n')
    .filter((line) => line.startsWith('object made: ') || line.startsWith('agent asked: '));
}

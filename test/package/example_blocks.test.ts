// Which blocks of documentation count as examples, and at which line they begin

import { expect, test } from 'vitest';
import { docCommentBlocks, markdownBlocks } from '../../scripts/example_blocks.ts';

const fence = '```';

test('markdownBlocks() takes ts and "sh test" blocks only', () => {
  const text = [
    `${fence}ts`,
    'const a = 1;',
    '',
    'const b = 2;',
    fence,
    `${fence}sh`,
    'rm -rf nothing',
    fence,
    `${fence}sh test`,
    'true',
    fence,
    fence,
    'plain',
    fence,
    `${fence}tsx`,
    'other',
    fence,
  ].join('\n');
  expect(markdownBlocks(text)).toEqual([
    { language: 'ts', code: 'const a = 1;\n\nconst b = 2;\n', line: 2 },
    { language: 'sh', code: 'true\n', line: 10 },
  ]);
});

test('docCommentBlocks() takes the blocks after @example, without the comment stars', () => {
  const text = [
    'const before = 1;',
    '/**',
    ' * Does a thing.',
    ' *',
    ` * ${fence}ts`,
    ' * notAnExample();',
    ` * ${fence}`,
    ' * @example',
    ` * ${fence}ts`,
    ' * @decorated',
    ' * if (a) {',
    ' *   b();',
    ' * }',
    ` * ${fence}`,
    ' * @throws Something',
    ` * ${fence}ts`,
    ' * notAnExampleEither();',
    ` * ${fence}`,
    ' */',
    'export const after = 2;',
    `// ${fence}ts`,
  ].join('\n');
  expect(docCommentBlocks(text)).toEqual([
    { language: 'ts', code: '@decorated\nif (a) {\n  b();\n}\n', line: 10 },
  ]);
});

test('docCommentBlocks() takes several examples of several comments', () => {
  const block = (code: string): string => ` * ${fence}ts\n * ${code}\n * ${fence}\n`;
  const comment = (code: string): string => `/**\n * @example\n${block(code)}${block(code)} */\n`;
  const found = docCommentBlocks(`${comment('one();')}${comment('two();')}/** Short. */\n`);
  expect(found.map(({ code }) => code)).toEqual(['one();\n', 'one();\n', 'two();\n', 'two();\n']);
});

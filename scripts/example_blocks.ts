// Finds the fenced code blocks of doc comments and Markdown that are examples to check and run

/** One fenced block: its code, and the line of its file where the code begins. */
export interface ExampleBlock {
  readonly language: 'ts' | 'sh';
  readonly code: string;
  readonly line: number;
}

const fences: Readonly<Record<string, ExampleBlock['language']>> = { ts: 'ts', 'sh test': 'sh' };

/** The ```ts and ```sh test blocks of a Markdown file. */
export function markdownBlocks(text: string): ExampleBlock[] {
  return fenced(text.split('\n').map((content, index) => ({ content, line: index + 1 })));
}

/** The ```ts blocks that follow an `@example` tag in the doc comments of a source file. */
export function docCommentBlocks(text: string): ExampleBlock[] {
  return docComments(text).flatMap((comment) => fenced(exampleLines(comment)));
}

interface Line {
  readonly content: string;
  readonly line: number;
}

function docComments(text: string): Line[][] {
  const comments: Line[][] = [];
  let current: Line[] | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const trimmed = raw.trim();
    if (current === undefined && trimmed.startsWith('/**')) comments.push((current = []));
    current?.push({ content: raw.replace(/^\s*\*? ?/, ''), line: index + 1 });
    if (trimmed.endsWith('*/')) current = undefined;
  }
  return comments;
}

function exampleLines(comment: readonly Line[]): Line[] {
  let inExample = false;
  let inFence = false;
  return comment.filter(({ content }) => {
    if (content.startsWith('```')) inFence = !inFence;
    else if (!inFence && content.startsWith('@')) inExample = content.startsWith('@example');
    return inExample;
  });
}

function fenced(lines: readonly Line[]): ExampleBlock[] {
  const blocks: ExampleBlock[] = [];
  let open: { language: ExampleBlock['language'] | undefined; lines: Line[] } | undefined;
  for (const entry of lines) {
    const fence = /^\s*```\s*(.*?)\s*$/.exec(entry.content);
    if (fence === null) {
      open?.lines.push(entry);
    } else if (open === undefined) {
      open = { language: fences[fence[1] ?? ''], lines: [] };
    } else {
      const [first] = open.lines;
      if (open.language !== undefined && first !== undefined) {
        const code = open.lines.map(({ content }) => content).join('\n');
        blocks.push({ language: open.language, code: `${code}\n`, line: first.line });
      }
      open = undefined;
    }
  }
  return blocks;
}

// Bundles code as pages and Workers are bundled, and weighs what comes out

import { gzipSync } from 'node:zlib';
import { build as esbuild, type BuildOptions } from 'esbuild';
import { build as vite } from 'vite';
import { root } from './tools.ts';

/** A file of a bundle. */
interface Weight {
  /** Bytes of gzip. */
  readonly bytes: number;
  /** The sources in it, with the bytes that they take before compression. */
  readonly sources: readonly (readonly [path: string, bytes: number])[];
}

/** What a page fetches. */
export interface PageWeight {
  /** Before anything of it runs. */
  readonly first: Weight;
  /** First and on demand. */
  readonly all: Weight;
}

const gzipBytes = (code: string | Uint8Array): number => gzipSync(code, { level: 9 }).length;

/** Bundles in one file, as esbuild does for Workers and for pages without splitting. */
export async function weighFile(
  code: string,
  options: Pick<BuildOptions, 'conditions' | 'external'> = {},
): Promise<Weight> {
  const { outputFiles, metafile } = await esbuild({
    stdin: { contents: code, resolveDir: root, loader: 'ts' },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2023',
    platform: 'browser',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'error',
    ...options,
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return {
    bytes: gzipBytes(outputFiles[0]?.contents ?? new Uint8Array()),
    sources: inputs.map(([path, { bytesInOutput }]) => [path, bytesInOutput]),
  };
}

/** A file that a page fetches. */
export interface PageFile {
  readonly fileName: string;
  readonly code: string;
  readonly sources: Weight['sources'];
}

/** The files of a page, its entry first. */
export interface PageFiles {
  /** Fetched before anything runs. */
  readonly first: readonly [entry: PageFile, ...PageFile[]];
  /** Fetched where it is asked for. */
  readonly later: readonly PageFile[];
}

/** Bundles for a page, split where a part is imported on demand, as Vite does. */
export async function bundlePage(code: string): Promise<PageFiles> {
  const page = `${root}/page.ts`;
  const built = await vite({
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === 'virtual:page' ? page : undefined),
        enforce: 'pre',
        load(id) {
          if (id === page) return code;
          // Vite's own loader of style sheets, which pages have once: it is not of what is weighed
          return id.includes('vite/preload-helper')
            ? 'export const __vitePreload = (load) => load();'
            : undefined;
        },
      },
    ],
    build: {
      write: false,
      target: 'es2023',
      modulePreload: false,
      copyPublicDir: false,
      // A page's entry keeps no signature in Vite; here it keeps what the code exports, and what
      // parts need of it stands in it too, in place of a second file that is always fetched
      rolldownOptions: {
        input: 'virtual:page',
        preserveEntrySignatures: 'allow-extension',
        output: { entryFileNames: '[name]-[hash].mjs', chunkFileNames: '[name]-[hash].mjs' },
      },
    },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((bundle) =>
    'output' in bundle ? bundle.output : [],
  );
  const chunks = outputs.filter((output) => output.type === 'chunk');
  const first = new Set(chunks.filter(({ isEntry }) => isEntry));
  for (const { imports } of first) {
    for (const chunk of chunks) if (imports.includes(chunk.fileName)) first.add(chunk);
  }
  const fileOf = ({ fileName, code: text, modules }: (typeof chunks)[number]): PageFile => ({
    fileName,
    code: text,
    sources: Object.entries(modules).map(([path, { renderedLength }]) => [
      path.replace(`${root}/`, ''),
      renderedLength,
    ]),
  });
  const [entry, ...others] = [...first].map(fileOf);
  if (entry === undefined) throw new Error('The page has no entry');
  const later = chunks.filter((chunk) => !first.has(chunk)).map(fileOf);
  return { first: [entry, ...others], later };
}

/** Weighs a page. */
export async function weighPage(code: string): Promise<PageWeight> {
  const { first, later } = await bundlePage(code);
  const weigh = (files: readonly PageFile[]): Weight => ({
    bytes: files.reduce((sum, file) => sum + gzipBytes(file.code), 0),
    sources: files.flatMap(({ sources }) => sources),
  });
  return { first: weigh(first), all: weigh([...first, ...later]) };
}

// A Web Worker that tells which key it found under a name

import { browserKey } from '../../src/client/index.ts';

addEventListener('message', ({ data }: MessageEvent<string>) => {
  void browserKey(data).then(({ kid }) => postMessage(kid));
});

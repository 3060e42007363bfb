// A Service Worker that tells which key it found under a name

import { browserKey } from '../../src/client/index.ts';

addEventListener('message', ({ data, ports }: MessageEvent<string>) => {
  void browserKey(data).then(({ kid }) => ports[0]?.postMessage(kid));
});

// The time, once a second: whatever shows time left reads this.

import { signal } from '@preact/signals';

/** Seconds since the epoch by the reader's clock. */
export const now = signal(Date.now() / 1000);

setInterval(() => {
  now.value = Date.now() / 1000;
}, 1000);

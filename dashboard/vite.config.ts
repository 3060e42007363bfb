// Builds the page: served by the Worker under /dashboard/, every asset under a name of its content.

import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: '/dashboard/',
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    target: 'es2023',
    // A preloader of old browsers would be an inline script
    modulePreload: { polyfill: false },
    // Everything is a file of its own origin: the policy allows no data: URL
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // A part is not named after what is in it: the Worker serves names with one dot alone
        entryFileNames: 'assets/page-[hash].js',
        chunkFileNames: 'assets/part-[hash].js',
      },
    },
  },
});

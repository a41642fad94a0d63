import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { compression } from 'vite-plugin-compression2';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds the API: a backend that `./dev run` has started. */
const backend = process.env['IOT_BACKEND'] ?? 'http://localhost:8080';
const routes = ['/auth', '/audit', '/devices', '/fleet', '/health', '/iot', '/status', '/stream', '/users'];

export default defineConfig({
  // Everything is addressed from <base href>, which the gateway writes (Gateway:PathBase).
  base: './',
  // As small as it gets, once, beside each file: brotli 11 and gzip 9. The gateway writes into index.html, so that is not among them.
  plugins: [vue(), compression({ include: /\.(js|css|svg)$/, threshold: 1_000 })],
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  build: {
    target: 'es2022',
    // An inlined asset would be a data: URL, which the Content-Security-Policy does not load.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: Object.fromEntries(routes.map((route) => [route, backend])) },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'], isolate: false, mockReset: true },
});

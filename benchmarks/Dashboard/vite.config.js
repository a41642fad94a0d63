import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default {
  root: here('charts'),
  base: './',
  build: { outDir: here('dist'), emptyOutDir: true, chunkSizeWarningLimit: 2_000 },
  resolve: { alias: { '@': here('../../src/Dashboard/src'), uplot: here('node_modules/uplot') } },
};

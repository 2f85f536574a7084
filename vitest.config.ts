import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    include: ['test/**/*.test.ts'],
    exclude: ['test/stack/**', 'test/hosts/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
